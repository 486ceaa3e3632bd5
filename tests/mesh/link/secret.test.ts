import { describe, expect, test } from "bun:test";
import { createHmac, randomBytes } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { checkSecret, checkSecrets, deriveKey } from "../../../mesh/link/secret.ts";
import { seededRandom } from "../../helpers/seeded-random.ts";

const HOW = "make one with: openssl rand -hex 32";
const GUESSED =
  "is an example, or of usual words, repetitions or sequences, so that others can guess it";
const STANDS_FOR_ONE = "is what stands for a secret in a template or a shell, and no secret";
const ROOT = join(import.meta.dir, "../../..");
const GOOD = "0c8dd3b0a1f54e7f9a55";

describe("checkSecret", () => {
  // The same each time: once in a hundred thousand times chance itself repeats what it has said.
  const random = seededRandom(16);
  const bytes = (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, () => 256 * random()));
  const generators: Readonly<Record<string, () => string>> = {
    "openssl rand -hex 16": () => bytes(16).toString("hex"),
    "openssl rand -hex 32": () => bytes(32).toString("hex"),
    "openssl rand -base64 12": () => bytes(12).toString("base64"),
    "openssl rand -base64 24": () => bytes(24).toString("base64"),
    "base64 for addresses": () => bytes(18).toString("base64url"),
    uuidgen: () =>
      bytes(16)
        .toString("hex")
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    "pwgen 16": () => pronounceable(16, random),
  };

  test.each(Object.keys(generators))("takes whatever %p makes", (name) => {
    for (let run = 0; run < 2000; run += 1) {
      const secret = generators[name]?.();
      expect([secret, checkSecret(secret)]).toEqual([secret, undefined]);
    }
  });

  test("refuses each secret that stands in the documents, the samples and the examples", async () => {
    const folders = await Promise.all(
      ["docs", "config", "examples"].map(async (folder) =>
        (await readdir(join(ROOT, folder), { recursive: true })).map((file) => join(folder, file)),
      ),
    );
    const written: string[] = [];
    for (const path of ["README.md", "CONTRIBUTING.md", ...folders.flat()]) {
      if (!/\.(?:md|ini|ts|py|conf)$/.test(path)) continue;
      const text = await readFile(join(ROOT, path), "utf8");
      const values = text.matchAll(/(?:\bsecret = |_SECRET=|the secret )["`]?([^\s"`]+)/g);
      for (const [, value = ""] of values) written.push(value);
    }
    expect(written).toContain("the-same-on-every-server-at-random");
    expect(written).toContain("a-secret-of-the-two");
    expect(written).toContain("put-16-characters-or-more-here");
    const taken = written.filter((value) => checkSecret(value) === undefined);
    expect(taken).toEqual([]);
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
    "the-same-on-every-server-at-random",
    "openssl rand -hex 32",
    "sixteen characters",
    "same-secret-everywhere",
    "one-secret-for-all",
    "ThisIsASecretKey",
    "do-not-use-this-one",
    "not-a-real-secret",
    "a-long-random-secret",
    "1111222233334444",
    "aabbccddeeffgghhii",
    "a1b2c3d4e5f6g7h8",
    "acegikmoqsuwyacegikm",
    "31415926535897932384",
    "iloveyouforever1",
    "minecraft-server-1",
  ])("refuses %p as easily guessed, without showing it", (text) => {
    expect(checkSecret(text)).toBe(`${GUESSED}; ${HOW}`);
  });

  test.each([
    "${CCP_MESH_SECRET}",
    "$CCP_MESH_SECRET",
    "$(openssl rand -hex 32)",
    "`openssl rand -hex 32`",
    "<put your cluster's here>",
    "{{ ccp_mesh_secret }}",
    "%CCP_MESH_SECRET%",
  ])("refuses %p as what only stands for one", (text) => {
    expect(checkSecret(text)).toBe(`${STANDS_FOR_ONE}; ${HOW}`);
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

/** As `pwgen` makes them: syllables, capitals and digits. */
function pronounceable(chars: number, random: () => number): string {
  const randomInt = (below: number): number => Math.floor(below * random());
  const vowels = "a ae ah ai e ee ei i ie o oh oo u".split(" ");
  const consonants = "b c ch d f g gh h j k l m n ng p ph qu r s sh t th v w x y z".split(" ");
  let text = "";
  let isVowel = randomInt(2) === 0;
  while (text.length < chars) {
    const sounds = isVowel ? vowels : consonants;
    const sound = sounds[randomInt(sounds.length)] ?? "";
    text += randomInt(5) === 0 ? sound.charAt(0).toUpperCase() + sound.slice(1) : sound;
    isVowel = !isVowel;
    if (randomInt(3) === 0) text += randomInt(10);
  }
  return text.slice(0, chars);
}
