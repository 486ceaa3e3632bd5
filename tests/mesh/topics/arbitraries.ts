/** Topics and patterns of few tokens, so that many of them match, and a slow but plain matcher. */

import * as fc from "fast-check";

const token = fc.constantFrom("a", "b", "c");

export const topic: fc.Arbitrary<string> = fc
  .array(token, { minLength: 1, maxLength: 4 })
  .map((tokens) => tokens.join("."));

export const pattern: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.oneof(token, fc.constant("*")), { minLength: 1, maxLength: 4 }),
    fc.constantFrom("", "", ".>"),
  )
  .map(([tokens, rest]) => tokens.join(".") + rest)
  .chain((text) => fc.constantFrom(text, text, text, text, ">"));

export const group: fc.Arbitrary<string | undefined> = fc.constantFrom(undefined, "g", "h");

export function naivelyMatches(pattern: string, topic: string): boolean {
  const source = pattern
    .split(".")
    .map((token) => (token === "*" ? "[^.]+" : token === ">" ? ".+" : token))
    .join("\\.");
  return new RegExp(`^${source}$`, "u").test(topic);
}
