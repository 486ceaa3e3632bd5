import { expect, test } from "bun:test";
import { History, type HistoryLine } from "../../../../mesh/plugins/chat/history.ts";

function line(atMs: number): HistoryLine {
  return { id: `${atMs}`, atMs, server: "surf", player: "Alice", text: "hi" };
}

function timesOf(lines: readonly HistoryLine[]): number[] {
  return lines.map(({ atMs }) => atMs);
}

test("the last lines of a channel are told in their order", () => {
  const history = new History();
  for (const atMs of [1, 2, 3, 4]) history.add("global", line(atMs));
  history.add("trade", line(9));
  expect(timesOf(history.last("global", 2, 0))).toEqual([3, 4]);
  expect(timesOf(history.last("global", 10, 3))).toEqual([3, 4]);
  expect(timesOf(history.last("global", 0, 0))).toEqual([]);
  expect(timesOf(history.last("news", 10, 0))).toEqual([]);
});

test("a channel keeps 100 lines", () => {
  const history = new History();
  for (let atMs = 0; atMs < 250; atMs++) history.add("global", line(atMs));
  const kept = timesOf(history.last("global", 1000, 0));
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([100, 150, 249]);
});

test("of more than 16 channels the quietest is forgotten", () => {
  const history = new History();
  for (let at = 0; at < 16; at++) history.add(`c${at}`, line(at));
  history.add("c0", line(20));
  history.add("new", line(21));
  expect(timesOf(history.last("c0", 10, 0))).toEqual([0, 20]);
  expect(timesOf(history.last("c1", 10, 0))).toEqual([]);
  expect(timesOf(history.last("new", 10, 0))).toEqual([21]);
});
