import { expect, test } from "bun:test";
import { keyNames } from "../../mesh/config/rules.ts";
import { REFUSAL_LINES } from "../../mesh/refusals.ts";
import { REFUSAL_REASONS } from "../../src/index.ts";

test("each reason has a text of its own", () => {
  const texts = REFUSAL_REASONS.map((reason) => REFUSAL_LINES[reason].text);
  expect(new Set(texts).size).toBe(REFUSAL_REASONS.length);
});

test("a key that a text names exists in [limits]", () => {
  const known = keyNames("limits") ?? [];
  for (const { text } of Object.values(REFUSAL_LINES)) {
    for (const [key] of text.matchAll(/\b\w+_(?:max|ms|bytes)\b/g)) expect(known).toContain(key);
  }
});

test.each(["connections_max", "connections_per_address_max", "pending_max"] as const)(
  "%s names its key",
  (reason) => {
    expect(REFUSAL_LINES[reason].text).toContain(`[limits] ${reason}`);
  },
);

test("what happens every day and harms nobody stands at debug", () => {
  const daily = REFUSAL_REASONS.filter((reason) => REFUSAL_LINES[reason].level === "debug");
  expect(daily).toEqual(["idle_eviction", "idle_timeout", "close_timeout"]);
});
