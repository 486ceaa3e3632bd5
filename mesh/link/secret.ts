/**
 * What a cluster secret must be, and the key that is made of it. [MESH-1.4]
 *
 * Whoever is dialled, were it by mistake, sees a proof, and can try secrets on it at leisure on a
 * machine of their own. So a secret has to be out of reach of guessing, not merely unknown.
 */

import { hkdfSync } from "node:crypto";

/** With 16 characters at random even digits alone leave 10^16 to try. */
const SECRET_CHARS_MIN = 16;
/** More adds nothing, and is a file that was meant for something else. */
const SECRET_CHARS_MAX = 1024;

/** An old and a new one, for two changes under way at once; each costs both sides a proof. [MESH-1.3] */
export const SECRETS_MAX = 4;

/**
 * How many guesses in a row a guesser who knows `USUAL`, and tries repetitions, has to get right. A
 * string of 16 random characters needs about 16; "Password-2024-2024" needs 6.
 */
const CHOICES_MIN = 8;
/** Shorter pieces of `USUAL` turn up in random strings too. */
const PIECE_CHARS_MIN = 4;

/** What people write who want to get on: examples, among them those of this project, and keyboard rows. */
const USUAL = [
  "changeme please change this replace with your own insert here todo fixme",
  "example secret sample default demo testing test dummy placeholder",
  "my very super top shared private cluster mesh ccp server servers game community clan node key",
  "password passwd passw0rd p@ssw0rd passphrase token admin administrator root user letmein welcome",
  "correct horse battery staple hunter2 swordfish abc123 iloveyou monkey dragon trustno1",
  "0123456789abcdefghijklmnopqrstuvwxyz 01234567890123456789 123456789012345678901234567890",
  "zyxwvutsrqponmlkjihgfedcba9876543210 09876543210987654321",
  "qwertyuiop qwertzuiop azertyuiop asdfghjkl zxcvbnm yxcvbnm 1q2w3e4r5t6y7u8i9o0p 1qaz2wsx3edc4rfv",
  "!@#$%^&*()_+ deadbeef cafebabe 0xdeadbeef lorem ipsum dolor sit amet the quick brown fox jumps over lazy dog",
].join(" ");

/** Hexadecimal, because no config file, shell or copying changes it. */
const HOW_TO_MAKE_ONE = "make one with: openssl rand -hex 32";

const KEY_BYTES = 32;
const SALT = "ccp-mesh";

/**
 * What is wrong with a secret and how to mend it, to follow the name of where it was written;
 * undefined if nothing is. The text never shows the secret.
 */
export function checkSecret(text: string | undefined): string | undefined {
  if (text === undefined || text === "") {
    return `is missing; every node of a cluster needs the same secret; ${HOW_TO_MAKE_ONE}`;
  }
  if (text !== text.trim()) {
    return "begins or ends with white space, which is easily lost on the way; remove it";
  }
  if (/\p{Cc}|\p{Cs}|\ufffd/u.test(text)) {
    return `has characters that are no text in UTF-8; ${HOW_TO_MAKE_ONE}`;
  }
  const chars = Array.from(text).length;
  if (chars < SECRET_CHARS_MIN) {
    return `must have at least ${SECRET_CHARS_MIN} characters; ${HOW_TO_MAKE_ONE}`;
  }
  if (chars > SECRET_CHARS_MAX) {
    return `must have at most ${SECRET_CHARS_MAX} characters; ${HOW_TO_MAKE_ONE}`;
  }
  if (choices(text) < CHOICES_MIN) {
    return (
      "is an example, or of usual words, repetitions or sequences, so that others can guess it; " +
      HOW_TO_MAKE_ONE
    );
  }
  return undefined;
}

/** As `checkSecret`, for all secrets that a node has while one is being changed. [MESH-1.5] */
export function checkSecrets(texts: readonly string[]): string | undefined {
  if (texts.length === 0) return checkSecret(undefined);
  if (texts.length > SECRETS_MAX) {
    return `has ${texts.length} secrets, more than ${SECRETS_MAX}; remove those that no node uses any more`;
  }
  if (new Set(texts).size < texts.length) return "has the same secret twice; remove one";
  for (const [index, text] of texts.entries()) {
    const mistake = checkSecret(text);
    if (mistake !== undefined) {
      return texts.length === 1 ? mistake : `(number ${index + 1}) ${mistake}`;
    }
  }
  return undefined;
}

/** [MESH-1.4] */
export function deriveKey(secret: string, cluster: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, SALT, cluster, KEY_BYTES));
}

/**
 * Of how many pieces a text is made, where a piece is one character, or as many as have stood in
 * `USUAL` or in the text itself before.
 */
function choices(text: string): number {
  const rest = withoutSeparators(text.toLowerCase());
  const known = `${withoutSeparators(USUAL)} ${rest}`;
  const start = known.length - rest.length;
  let pieces = 0;
  let at = start;
  while (at < known.length) {
    at += Math.max(1, pieceChars(known, at));
    pieces += 1;
  }
  return pieces;
}

/** Characters from `at` on that have stood before, where they may overlap themselves; 0 for too few. */
function pieceChars(known: string, at: number): number {
  let chars = PIECE_CHARS_MIN;
  while (at + chars <= known.length && known.indexOf(known.slice(at, at + chars)) < at) chars += 1;
  return chars > PIECE_CHARS_MIN ? chars - 1 : 0;
}

/** "change-me" is no harder to guess than "changeme". */
function withoutSeparators(text: string): string {
  return text.replace(/[\s._,:;/-]/g, "");
}
