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
 * How many guesses in a row a guesser who knows `USUAL` and `WORDS`, and tries repetitions and steps, has
 * to get right. A string of 16 random characters needs about 16; "Password-2024-2024" needs 6.
 */
const CHOICES_MIN = 8;
/** Shorter pieces of `USUAL` turn up in random strings too. */
const PIECE_CHARS_MIN = 4;
/** From a character to the next, as in "1111222233334444", or to the one after, as in "a1b2c3d4e5f6g7h8". */
const STEPS = [1, 2];

/** What people write who want to get on: examples, among them those of this project, and keyboard rows. */
const USUAL = [
  "the same on every server at random put 16 characters or more here put the output of openssl rand hex 32 here",
  "openssl rand base64 24 head c 32 /dev/urandom | base64 $(openssl rand",
  "changeme please change this replace with your own insert here todo fixme",
  "example secret sample default demo testing test dummy placeholder",
  "my very super top shared private cluster mesh ccp server servers game community clan node key",
  "password passwd passw0rd p@ssw0rd passphrase token admin administrator root user letmein welcome",
  "correct horse battery staple hunter2 swordfish abc123 iloveyou monkey dragon trustno1",
  "0123456789abcdefghijklmnopqrstuvwxyz 01234567890123456789 123456789012345678901234567890",
  "zyxwvutsrqponmlkjihgfedcba9876543210 09876543210987654321",
  "qwertyuiop qwertzuiop azertyuiop asdfghjkl zxcvbnm yxcvbnm 1q2w3e4r5t6y7u8i9o0p 1qaz2wsx3edc4rfv",
  "31415926535897932384 27182818284590452353 1123581321345589144",
  "!@#$%^&*()_+ deadbeef cafebabe 0xdeadbeef lorem ipsum dolor sit amet the quick brown fox jumps over lazy dog",
].join(" ");

/** What examples and hasty secrets are made of. Those of two letters, too: few of them make a random string shorter. */
const WORDS = new Set(
  (
    "a an any as at be by do for from go has have i if in is it me mine my no not now of on one only or our so that " +
    "the them there these they this those to two us use used using we what when where who will with you your yours " +
    "admin after again all always bad before best better both bot bots chat code cool copy correct data day default " +
    "demo each else ever every example fake fill first forever fun game games gaming good great group guess hard hello " +
    "help here hidden home host hunter key keys king last lets like link live local long lord love made make many " +
    "master member mesh more most much name net network never new next node nodes nothing of ok old online open other " +
    "pass phrase password play player players please power private production public put random real really " +
    "replace root safe sample same secret secrets secure server servers share shared short should sixteen some " +
    "something star start string strong super sure team temp test testing text thing thirty three time token " +
    "too top true trust two under unique value very want welcome word words work works world write wrong " +
    "bzflag ccp discord dust garrys gmod half life minecraft mod openttd rust source steam strike counter teeworlds " +
    "char chars character characters letter letters number numbers digit digits base hex rand openssl " +
    "abc xyz foo bar baz qux summer winter spring autumn"
  ).split(" "),
);
const WORD_CHARS_MAX: number = Math.max(...Array.from(WORDS, (word) => word.length));

/** Of templates, shells and documents. */
const PLACEHOLDER = /^(?:<.*>|\$\{.*\}|\$\(.*\)|\$\w+|`.*`|%\w+%|\{\{.*\}\})$/;

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
  if (PLACEHOLDER.test(text)) {
    return `is what stands for a secret in a template or a shell, and no secret; ${HOW_TO_MAKE_ONE}`;
  }
  if (choices(text) < CHOICES_MIN || STEPS.some((step) => isStepped(text, step))) {
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
 * Of how many pieces a text is made, where a piece is one character, or one of `WORDS`, or as many characters
 * as have stood in `USUAL` or in the text itself before.
 */
function choices(text: string): number {
  const rest = withoutSeparators(text.toLowerCase());
  return pieces(`${withoutSeparators(USUAL)} ${rest}`, rest.length);
}

/** Whether the characters go up or down in a way that needs no guessing. */
function isStepped(text: string, step: number): boolean {
  const codes = Array.from(text, (char) => char.codePointAt(0) ?? 0);
  // As a text, in which a regular step is a repetition.
  const steps = codes.slice(step).map((code, at) => `${code - (codes[at] ?? 0)}`);
  const distinct = [...new Set(steps)];
  const written = steps.map((one) => String.fromCharCode(0xe000 + distinct.indexOf(one))).join("");
  return pieces(written, written.length) < CHOICES_MIN;
}

/** Of how many pieces the last `chars` characters are made. */
function pieces(known: string, chars: number): number {
  let count = 0;
  let at = known.length - chars;
  while (at < known.length) {
    at += Math.max(1, wordChars(known, at), knownChars(known, at));
    count += 1;
  }
  return count;
}

/** Characters from `at` on that have stood before, where they may overlap themselves; 0 for too few. */
function knownChars(known: string, at: number): number {
  let chars = PIECE_CHARS_MIN;
  while (at + chars <= known.length && known.indexOf(known.slice(at, at + chars)) < at) chars += 1;
  return chars > PIECE_CHARS_MIN ? chars - 1 : 0;
}

/** Characters of the longest word that begins at `at`; 0 without one. */
function wordChars(text: string, at: number): number {
  for (let chars = WORD_CHARS_MAX; chars > 1; chars -= 1) {
    if (WORDS.has(text.slice(at, at + chars))) return chars;
  }
  return 0;
}

/** "change-me" is no harder to guess than "changeme". */
function withoutSeparators(text: string): string {
  return text.replace(/[\s._,:;/-]/g, "");
}
