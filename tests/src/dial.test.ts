import { describe, expect, test } from "bun:test";
import type { ClientCallbacks } from "../../src/client-callbacks.ts";
import { type DialOptions, dial } from "../../src/dial.ts";
import { Endpoint } from "../../src/endpoint.ts";
import { CcpError } from "../../src/errors.ts";
import { ServerCode } from "../../src/protocol.ts";
import { RawReceiver } from "../../src/receivers.ts";
import { RequestClient } from "../../src/request-client.ts";
import { frame, header } from "../helpers/frames.ts";
import { type ScriptedPeer, ScriptedServer } from "../helpers/scripted-peer.ts";
import {
  CA,
  CLIENT_IDENTITY,
  ELSEWHERE,
  LOCALHOST,
  SELF_SIGNED,
  STRANGER,
} from "../helpers/tls.ts";
import { rejection, until } from "../helpers/turns.ts";

/** A port of this machine on which nothing listens. */
async function freePort(): Promise<number> {
  const server = await ScriptedServer.listen(() => {});
  await server[Symbol.asyncDispose]();
  return server.port;
}

function endpoint(more: Partial<Parameters<typeof Endpoint.listen>[0]> = {}): Promise<Endpoint> {
  return Endpoint.listen({ hostname: "127.0.0.1", port: 0, ...more });
}

async function echoing(more: Parameters<typeof endpoint>[0] = {}): Promise<Endpoint> {
  const server = await endpoint(more);
  server.onRequest("echo", (_address, data) => data);
  return server;
}

function connecting(options: Partial<DialOptions> & { readonly port: number }) {
  return RequestClient.connect({ host: "127.0.0.1", plugin: "echo", ...options });
}

/** What dialling fails with: its code and its text. */
async function failure(options: Parameters<typeof connecting>[0]): Promise<string> {
  const error = await rejection(connecting(options));
  if (!(error instanceof CcpError)) throw new Error(`not a CcpError: ${String(error)}`);
  return `${error.code}: ${error.message}`;
}

const NOT_ACCEPTED =
  "connection_aborted: TARGET closed the connection without accepting; is this machine on its " +
  "whitelist, and does that port speak CCP, with TLS if it wants that?";

describe("there is no connection", () => {
  test("where nothing listens", async () => {
    const port = await freePort();
    expect(await failure({ port })).toBe(
      `connection_refused: 127.0.0.1:${port} refused the connection; is a node running there?`,
    );
  });

  test("where the host name does not resolve", async () => {
    expect(await failure({ host: "no-such-host.invalid", port: 1 })).toBe(
      'host_not_found: the host name "no-such-host.invalid" does not resolve; ' +
        "check its spelling and the DNS",
    );
  });

  test("where the TLS handshake is never answered", async () => {
    await using server = await ScriptedServer.listen(() => {});
    const limits = { connectTimeoutMs: 50 };
    expect(await failure({ port: server.port, tls: { ca: CA }, limits })).toBe(
      `connect_timeout: 127.0.0.1:${server.port} did not finish the TLS handshake within 50 ms; ` +
        "does it speak TLS?",
    );
  });

  test.each([
    [70_000, "the port must be a whole number from 1 to 65535, not 70000"],
    [0, "the port must be a whole number from 1 to 65535, not 0"],
    [Number.NaN, "the port must be a whole number from 1 to 65535, not NaN"],
  ])("where the port is %p", async (port, text) => {
    expect(await failure({ port })).toBe(`invalid_option: ${text}`);
  });

  test("where the host is empty", async () => {
    expect(await failure({ host: "", port: 1 })).toBe("invalid_option: the host to dial is empty");
  });

  test("where an option is wrong, and dialling says so at once", () => {
    const options = { host: "127.0.0.1", port: 1, mode: "raw", plugin: "x" } as const;
    expect(() => dial({ ...options, limits: { acceptTimeoutMs: 0 } })).toThrow(
      "limits.acceptTimeoutMs must be a whole number from 1 to 2147483647, not 0",
    );
    expect(() => dial({ ...options, plugin: "x".repeat(256) })).toThrow(
      "a plugin name must be a string of at most 255 bytes",
    );
  });
});

describe("there is no communication", () => {
  test("where nobody is home", async () => {
    await using server = await echoing();
    expect(await failure({ port: server.port, plugin: "nobody" })).toBe(
      `nobody_home: 127.0.0.1:${server.port}: ` +
        'no plugin receives request communications for "nobody" there now',
    );
  });

  test("where the plugin fails to receive it", async () => {
    await using server = await endpoint();
    server.onRaw(
      "broken",
      class extends RawReceiver {
        constructor(channel: ConstructorParameters<typeof RawReceiver>[0]) {
          super(channel);
          throw new Error("boom");
        }
      },
    );
    const errors: string[] = [];
    const call = dial(
      { host: "127.0.0.1", port: server.port, plugin: "broken", mode: "raw" },
      { onCommunicationError: () => errors.push("communication error") },
    );
    await call.closed;
    expect(errors).toEqual(["communication error"]);
  });

  test.each<[string, (peer: ScriptedPeer) => void, string]>([
    [
      "communication error",
      (peer) => peer.send(frame(ServerCode.communicationError)),
      'communication_error: TARGET: the plugin "echo" failed',
    ],
    [
      "protocol error",
      (peer) => peer.send(frame(ServerCode.protocolError)),
      "protocol_error: TARGET: the protocol was broken",
    ],
    [
      "an end",
      (peer) => peer.send(frame(ServerCode.end)),
      "communication_ended: TARGET ended the communication before it accepted it",
    ],
    ["FIN", (peer) => peer.end(), NOT_ACCEPTED],
    ["RST", (peer) => peer.reset(), NOT_ACCEPTED],
    [
      "silence",
      () => {},
      "accept_timeout: TARGET took the connection but did not answer within 60 ms; " +
        "is it a CCP endpoint?",
    ],
    [
      "a header that claims too much",
      (peer) => peer.send(header(0xff_ff_ff)),
      "message_too_large: TARGET sends a message of 16777215 bytes, more than the 1000 allowed",
    ],
  ])("where the answer is %s", async (_name, answer, expected) => {
    await using server = await ScriptedServer.listen((peer) => {
      void peer.expectBytes(8).then(() => answer(peer));
    });
    const limits = { acceptTimeoutMs: 60, messageBytesMax: 1000, closeTimeoutMs: 50 };
    expect(await failure({ port: server.port, limits })).toBe(
      expected.replace("TARGET", `127.0.0.1:${server.port}`),
    );
  });
});

describe("TLS", () => {
  test.each([
    ["127.0.0.1", LOCALHOST, { ca: CA }],
    ["localhost", LOCALHOST, { ca: CA }],
    ["127.0.0.1", SELF_SIGNED, { ca: SELF_SIGNED.cert }],
    ["127.0.0.1", ELSEWHERE, { ca: CA, serverName: "elsewhere.example" }],
  ])(
    "works with %s when the authority and the name are right (%#)",
    async (host, identity, tls) => {
      await using server = await echoing({ tls: identity });
      const client = await connecting({ host, port: server.port, tls });
      const large = Buffer.alloc(3_000_000, "tls");
      expect((await client.request("small")).toString()).toBe("small");
      expect((await client.request(large)).equals(large)).toBe(true);
      await client.close();
      await until(() => server.status().connections === 0);
      expect(server.status().heldBytes).toBe(0);
    },
  );

  test.each([
    [
      "another authority",
      LOCALHOST,
      { ca: STRANGER.cert },
      "unable to verify the first certificate",
    ],
    ["no authority given", LOCALHOST, {}, "unable to verify the first certificate"],
    [
      "a name that is not the dialled host's",
      ELSEWHERE,
      { ca: CA },
      "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: ",
    ],
    [
      "a name that is not the expected one",
      LOCALHOST,
      { ca: CA, serverName: "other.example" },
      "Hostname/IP does not match certificate's altnames: Host: other.example. " +
        "is not in the cert's altnames: DNS:localhost, IP Address:127.0.0.1",
    ],
  ])("fails with %s", async (_name, identity, tls, why) => {
    const internal: Error[] = [];
    await using server = await echoing({
      tls: identity,
      onInternalError: (error) => internal.push(error),
    });
    expect(await failure({ port: server.port, tls })).toBe(
      `tls_failed: TLS with 127.0.0.1:${server.port} failed: ${why}`,
    );
    await until(() => server.status().connections === 0);
    expect(internal).toEqual([]);
  });

  test("fails quickly against an endpoint without it", async () => {
    await using server = await echoing();
    const error = await failure({ port: server.port, tls: { ca: CA } });
    expect(error).toStartWith(`tls_failed: TLS with 127.0.0.1:${server.port} failed: `);
    await until(() => server.status().connections === 0);
    expect(server.status().counters.refusals.message_too_large).toBe(1);
  });

  test("that is missing fails quickly against an endpoint with it", async () => {
    await using server = await echoing({ tls: LOCALHOST });
    expect(await failure({ port: server.port })).toBe(
      NOT_ACCEPTED.replace("TARGET", `127.0.0.1:${server.port}`),
    );
    await until(() => server.status().connections === 0);
  });

  test("lets in only clients with a certificate where the endpoint asks for one", async () => {
    await using server = await echoing({ tls: { ...LOCALHOST, clientCa: CA } });
    const { port } = server;
    const client = await connecting({ port, tls: { ca: CA, ...CLIENT_IDENTITY } });
    expect((await client.request("hi")).toString()).toBe("hi");
    for (const identity of [{}, STRANGER, SELF_SIGNED]) {
      expect(await failure({ port, tls: { ca: CA, ...identity } })).toStartWith(
        "connection_aborted: ",
      );
    }
    expect(server.status().counters.communications).toBe(1);
    await client.close();
  });
});

describe("cancelling", () => {
  test("before dialling makes no connection", async () => {
    await using server = await echoing();
    const signal = AbortSignal.abort("enough");
    const error = await rejection(connecting({ port: server.port, signal }));
    expect(error).toMatchObject({
      code: "cancelled",
      message: `dialling 127.0.0.1:${server.port} was cancelled`,
      cause: "enough",
    });
    expect(server.status().counters.connections).toBe(0);
  });

  test("while connecting leaves no connection behind", async () => {
    await using server = await echoing();
    const controller = new AbortController();
    const failed = rejection(connecting({ port: server.port, signal: controller.signal }));
    controller.abort("enough");
    expect(await failed).toMatchObject({ code: "cancelled", cause: "enough" });
    // One more round trip, after which a late connection would be there.
    const after = await connecting({ port: server.port });
    await after.close();
    await until(() => server.status().connections === 0);
    expect(server.status().counters.communications).toBe(1);
  });

  test("before the acceptance aborts the connection", async () => {
    const peers: ScriptedPeer[] = [];
    await using server = await ScriptedServer.listen((peer) => peers.push(peer));
    const controller = new AbortController();
    const failed = rejection(connecting({ port: server.port, signal: controller.signal }));
    await until(() => (peers[0]?.receivedBytes ?? 0) > 0);
    controller.abort("enough");
    expect(await failed).toMatchObject({
      code: "cancelled",
      message: `the communication with 127.0.0.1:${server.port} was cancelled`,
      cause: "enough",
    });
    await until(() => peers[0]?.over !== undefined);
  });

  test("afterwards aborts the communication", async () => {
    await using server = await echoing();
    const controller = new AbortController();
    const client = await connecting({ port: server.port, signal: controller.signal });
    controller.abort("enough");
    expect(await client.over).toMatchObject({ code: "cancelled", cause: "enough" });
    await until(() => server.status().connections === 0);
  });

  test("by `stop` before there is a connection is told as a connection error", async () => {
    await using server = await echoing();
    const log: string[] = [];
    const call = dial(
      { host: "127.0.0.1", port: server.port, plugin: "echo", mode: "request" },
      {
        onConnected: () => log.push("connected"),
        onConnectionError: (error) => log.push(error.code),
      },
    );
    expect(() => call.send("early")).toThrow(`not connected to 127.0.0.1:${server.port} yet`);
    call.stop();
    await call.closed;
    expect(log).toEqual(["cancelled"]);
  });
});

describe("the callbacks", () => {
  test("tell of a request-based communication from its beginning to its end", async () => {
    await using server = await echoing();
    const log: string[] = [];
    const call = dial(
      { host: "127.0.0.1", port: server.port, plugin: "echo", mode: "request" },
      {
        onConnected: () => log.push("connected"),
        onAccepted: () => {
          log.push("accepted");
          call.send("hello");
        },
        onData: (data) => {
          log.push(`data ${data.toString()}`);
          call.stop();
        },
        onEnd: () => log.push("end"),
        onAbort: () => log.push("abort"),
      },
    );
    await call.closed;
    expect(log).toEqual(["connected", "accepted", "data hello", "end"]);
  });

  test.each<[string, ClientCallbacks]>([
    ["throws of a connection error", { onConnectionError: () => boom() }],
  ])("%s are told, and the call is closed", async (_name, callbacks) => {
    const errors: unknown[] = [];
    const call = dial(
      { host: "127.0.0.1", port: await freePort(), plugin: "echo", mode: "request" },
      { ...callbacks, onCallbackError: (error) => errors.push(error) },
    );
    await call.closed;
    expect(errors).toMatchObject([{ message: "boom" }]);
  });

  test("are optional, all of them", async () => {
    await dial({ host: "127.0.0.1", port: await freePort(), plugin: "x", mode: "raw" }).closed;
  });
});

function boom(): never {
  throw new Error("boom");
}
