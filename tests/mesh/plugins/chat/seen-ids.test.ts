import { expect, test } from "bun:test";
import { SeenIds } from "../../../../mesh/plugins/chat/seen-ids.ts";

test("an id is new once", () => {
  const seen = new SeenIds({ idsMax: 10, ageMs: 1000 });
  expect([seen.add("a", 0), seen.add("b", 0), seen.add("a", 1), seen.add("b", 999)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("an id is forgotten after the age, however often it comes", () => {
  const seen = new SeenIds({ idsMax: 10, ageMs: 1000 });
  seen.add("a", 0);
  expect(seen.add("a", 900)).toBe(false);
  expect(seen.add("a", 1000)).toBe(true);
});

test("the oldest ids give way to new ones", () => {
  const seen = new SeenIds({ idsMax: 3, ageMs: 1000 });
  for (let at = 0; at < 1000; at++) expect(seen.add(`${at}`, at / 1000)).toBe(true);
  expect(seen.size).toBe(3);
  expect([seen.add("999", 1), seen.add("998", 1), seen.add("900", 1)]).toEqual([
    false,
    false,
    true,
  ]);
});
