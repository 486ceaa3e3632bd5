import { expect, test } from "bun:test";
import { ByteBudget } from "../../src/byte-budget.ts";

test("it takes up to the bound, ends included", () => {
  const budget = new ByteBudget(100);
  expect(budget.take(60)).toBe(true);
  expect(budget.take(40)).toBe(true);
  expect(budget.bytes).toBe(100);
  expect(budget.take(0)).toBe(true);
});

test("past the bound it takes nothing and says so", () => {
  const budget = new ByteBudget(100);
  budget.take(60);
  expect(budget.take(41)).toBe(false);
  expect(budget.bytes).toBe(60);
});

test("what is given back can be taken again", () => {
  const budget = new ByteBudget(100);
  budget.take(100);
  budget.give(30);
  expect(budget.bytes).toBe(70);
  expect(budget.take(30)).toBe(true);
});
