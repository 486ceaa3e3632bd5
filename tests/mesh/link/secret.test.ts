import { describe, expect, test } from "bun:test";
import { createHmac, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { checkSecret, checkSecrets, deriveKey } from "../../../mesh/link/secret.ts";

const HOW = "make one with: openssl rand -hex 32";
const GOOD = "0c8dd3b0a1f54e7f9a55";

describe("checkSecret", () => {
  test("takes what is random", () => {
    for (let run = 0; run < 500; run += 1) {
      for (const encoding of ["hex", "base64", "base64url"] as const) {
        expect(checkSecret(randomBytes(18).toString(encoding))).toBeUndefined();
      }
      expect(checkSecret(randomBytes(32).toString("hex"))).toBeUndefined();
    }
  });

  test.each([
    "8302957164820935",
    "tractor-lemon-vivid-orbit",
    "x$~!@%^&`()9..;'",
    "snöstorm över fjället",
    "пыльная дорога к морю",
    "secret-9f8e24b1d07c63a5",
  ])("takes %p", (text) => {
    expect(checkSecret(text)).toBeUndefined();
  });

  test("says that it is missing, and how to make one", () => {
    const text = `is missing; every node of a cluster needs the same secret; ${HOW}`;
    expect(checkSecret(undefined)).toBe(text);
    expect(checkSecret("")).toBe(text);
  });

  test("wants 16 characters at least, and 1024 at most", () => {
    expect(checkSecret(GOOD.slice(0, 15))).toBe(`must have at least 16 characters; ${HOW}`);
    expect(checkSecret(GOOD.slice(0, 16))).toBeUndefined();
    const long = randomBytes(512).toString("hex");
    expect(checkSecret(long)).toBeUndefined();
    expect(checkSecret(`${long}0`)).toBe(`must have at most 1024 characters; ${HOW}`);
  });

  test("counts characters, not the units of UTF-16", () => {
    expect(checkSecret("🐙🌵🎈🚀🍋🎲🧭🪁")).toBe(`must have at least 16 characters; ${HOW}`);
  });

  test.each([` ${GOOD}`, `${GOOD}\n`, `${GOOD}\t`])("refuses white space around %p", (text) => {
    expect(checkSecret(text)).toBe(
      "begins or ends with white space, which is easily lost on the way; remove it",
    );
  });

  test.each([`${GOOD}\ud800`, `${GOOD}\u0000x`, `${GOOD}\ufffd`])(
    "refuses %p as no text",
    (text) => {
      expect(checkSecret(text)).toBe(`has characters that are no text in UTF-8; ${HOW}`);
    },
  );

  test.each([
    "change-me-please-change-me",
    "CHANGE_ME_PLEASE_CHANGE_ME",
    "changemechangeme",
    "example-secret-example",
    "0123456789abcdef",
    "0123456789ABCDEF0123456789ABCDEF",
    "fedcba9876543210",
    "1234567890123456",
    "correct horse battery staple",
    "correcthorsebatterystaple",
    "aaaaaaaaaaaaaaaa",
    "abababababababab",
    "abcabcabcabcabcabc",
    "hunter2hunter2hunter2",
    "xK9!xK9!xK9!xK9!xK9!",
    "abcdefghijklmnop",
    "qwertyuiopasdfgh",
    "passwordpassword",
    "password12345678",
    "Password-2024-2024",
    "my-very-secret-password",
    "secretsecretsecret",
    "secret1234567890",
    "supersecretsecret",
    "ccp-mesh-secret-1",
    "your-cluster-secret-here",
    "deadbeefdeadbeefdeadbeef",
    "----------------",
    "................!",
  ])("refuses %p as easily guessed, without showing it", (text) => {
    expect(checkSecret(text)).toBe(
      `is an example, or of usual words, repetitions or sequences, so that others can guess it; ${HOW}`,
    );
  });

  test("answers for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 1100 }), (text) => {
        const answer = checkSecret(text);
        expect(answer === undefined || answer.length > 0).toBe(true);
      }),
    );
  });
});

describe("checkSecrets", () => {
  test("takes one to four, all different", () => {
    const secrets = Array.from({ length: 5 }, () => randomBytes(16).toString("hex"));
    for (const count of [1, 2, 3, 4]) {
      expect(checkSecrets(secrets.slice(0, count))).toBeUndefined();
    }
    expect(checkSecrets(secrets)).toBe(
      "has 5 secrets, more than 4; remove those that no node uses any more",
    );
    expect(checkSecrets([GOOD, GOOD])).toBe("has the same secret twice; remove one");
    expect(checkSecrets([])).toBe(checkSecret(undefined));
  });

  test("says which one is bad", () => {
    expect(checkSecrets(["short"])).toBe(`must have at least 16 characters; ${HOW}`);
    expect(checkSecrets([GOOD, "short"])).toBe(
      `(number 2) must have at least 16 characters; ${HOW}`,
    );
  });
});

describe("deriveKey", () => {
  /** HKDF by RFC 5869, for one block. */
  function hkdf(secret: string, cluster: string): string {
    const extracted = createHmac("sha256", "ccp-mesh").update(secret, "utf8").digest();
    return createHmac("sha256", extracted).update(cluster, "utf8").update("\u0001").digest("hex");
  }

  test("is HKDF-SHA-256 of the secret, salted, for the cluster", () => {
    for (const secret of [GOOD, "пыльная дорога к морю"]) {
      for (const cluster of ["surf", "a", "x".repeat(64)]) {
        expect(Buffer.from(deriveKey(secret, cluster)).toString("hex")).toBe(hkdf(secret, cluster));
      }
    }
  });

  test("gives each secret and each cluster a key of its own", () => {
    const keys = [deriveKey(GOOD, "a"), deriveKey(GOOD, "b"), deriveKey(`${GOOD}b`, "a")];
    expect(new Set(keys.map((key) => key.toHex())).size).toBe(3);
  });
});
