import { describe, expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Socket } from "bun";
import { createCertificate } from "../../../mesh/link/certificate.ts";
import { EXPORTER_BYTES, EXPORTER_LABEL } from "../../../mesh/link/setup.ts";

describe("createCertificate", () => {
  test("is read by node as a certificate of its own key, for ever", () => {
    const { cert, key } = createCertificate();
    const x509 = new X509Certificate(cert);
    expect(x509.subject).toBe("CN=ccp-mesh");
    expect(x509.issuer).toBe("CN=ccp-mesh");
    expect(x509.validFrom).toBe("Jan  1 00:00:00 2000 GMT");
    expect(x509.validTo).toBe("Dec 31 23:59:59 9999 GMT");
    expect(x509.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    expect(x509.verify(x509.publicKey)).toBe(true);
    expect(x509.checkPrivateKey(createPrivateKey(key))).toBe(true);
  });

  test("is PEM of lines of 64 characters, none of them empty", () => {
    for (let run = 0; run < 50; run += 1) {
      const { cert, key } = createCertificate();
      for (const pem of [cert, key]) {
        expect(pem).toMatch(
          /^-----BEGIN [A-Z ]+-----\n([\w+/=]{64}\n)*[\w+/=]{1,64}\n-----END [A-Z ]+-----\n$/,
        );
      }
      const x509 = new X509Certificate(cert);
      expect(x509.verify(x509.publicKey)).toBe(true);
    }
  });

  test("is another one each time", () => {
    const [one, other] = [createCertificate(), createCertificate()].map(
      ({ cert }) => new X509Certificate(cert),
    );
    expect(one?.serialNumber).not.toBe(other?.serialNumber);
    expect(one?.fingerprint256).not.toBe(other?.fingerprint256);
  });

  test.skipIf(Bun.which("openssl") === null)("is read by openssl, and verified", async () => {
    const { cert } = createCertificate();
    const openssl = Bun.spawn(["openssl", "x509", "-noout", "-text", "-serial"], {
      stdin: Buffer.from(cert),
      stdout: "pipe",
      stderr: "pipe",
    });
    const text = await new Response(openssl.stdout).text();
    expect(await openssl.exited).toBe(0);
    expect(text).toContain("Version: 3 (0x2)");
    expect(text).toContain("Signature Algorithm: ecdsa-with-SHA256");
    expect(text).toContain(
      "Subject: CN = ccp-mesh".replaceAll(" = ", text.includes("CN = ") ? " = " : "="),
    );
    expect(text).toContain("ASN1 OID: prime256v1");
    expect(text).toMatch(/^serial=[4-7][0-9A-F]{31}$/m);
  });

  test("carries TLS 1.3, from which both ends export the same", async () => {
    const { cert, key } = createCertificate();
    const accepted = Promise.withResolvers<Secured>();
    const dialled = Promise.withResolvers<Secured>();
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert, key },
      socket: { data() {}, handshake: (socket) => accepted.resolve(secured(socket)) },
    });
    try {
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: listener.port,
        tls: { rejectUnauthorized: false },
        socket: { data() {}, handshake: (socket) => dialled.resolve(secured(socket)) },
      });
      const [acceptor, dialler] = await Promise.all([accepted.promise, dialled.promise]);
      expect(acceptor.version).toBe("TLSv1.3");
      expect(dialler.version).toBe("TLSv1.3");
      expect(dialler.exported).toHaveLength(EXPORTER_BYTES * 2);
      expect(dialler.exported).toBe(acceptor.exported);
      socket.terminate();
    } finally {
      listener.stop(true);
    }
  });
});

interface Secured {
  readonly version: string;
  readonly exported: string;
}

function secured(socket: Socket): Secured {
  // Its type says that it answers nothing.
  const exported: unknown = socket.exportKeyingMaterial(
    EXPORTER_BYTES,
    EXPORTER_LABEL,
    Buffer.alloc(0),
  );
  if (!(exported instanceof Uint8Array)) throw new Error("nothing was exported");
  return { version: socket.getTLSVersion(), exported: exported.toHex() };
}
