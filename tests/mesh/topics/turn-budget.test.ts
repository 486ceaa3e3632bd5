import { expect, test } from "bun:test";
import { TurnBudget } from "../../../mesh/topics/turn-budget.ts";

function spendAll(budget: TurnBudget, between: () => void = () => {}): number {
  let spent = 0;
  while (spent < 1_000_000 && budget.spend()) {
    spent += 1;
    between();
  }
  return spent;
}

test("nothing may be taken before a turn has begun", () => {
  expect(new TurnBudget().spend()).toBe(false);
});

test.each([
  [0, 64],
  [10, 64],
  [200, 200],
])("of %d that wait when the turn begins, and what comes, %d may be taken", (waiting, allowed) => {
  const budget = new TurnBudget();
  for (let round = 0; round < 2; round += 1) {
    budget.begin(waiting);
    expect(spendAll(budget)).toBe(allowed);
    expect(budget.spend()).toBe(false);
  }
});

test("a subscriber that takes its time is stopped after 64 messages", () => {
  const budget = new TurnBudget();
  budget.begin(10_000);
  const spin = (): void => {
    const untilMs = performance.now() + 0.1;
    while (performance.now() < untilMs);
  };
  expect(spendAll(budget, spin)).toBe(64);
});
