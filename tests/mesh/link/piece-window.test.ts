import { expect, test } from "bun:test";
import { PieceWindow } from "../../../mesh/link/piece-window.ts";

const KiB = 1024;
const PIECE = 64 * KiB;

/** Sends for so long over a line; answers the most bytes that were on the way in the second half. */
function mostOnTheWay({
  bytesPerSecond,
  latencyMs,
}: {
  bytesPerSecond: number;
  latencyMs: number;
}) {
  let nowMs = 0;
  const window = new PieceWindow(() => nowMs);
  const arrivals: number[] = [];
  let freeAtMs = 0;
  let most = 0;
  for (; nowMs < 20_000; nowMs += 1) {
    while (arrivals[0] !== undefined && arrivals[0] <= nowMs) {
      arrivals.shift();
      expect(window.onCredit(PIECE)).toBe(true);
    }
    while (window.hasRoomFor(PIECE)) {
      window.onSent(PIECE, { isLast: false });
      freeAtMs = Math.max(freeAtMs, nowMs) + (PIECE * 1000) / bytesPerSecond;
      arrivals.push(freeAtMs + latencyMs);
    }
    if (nowMs > 10_000) most = Math.max(most, arrivals.length * PIECE);
  }
  return most;
}

test("on a fast line 512 KiB are on the way, however long it is", () => {
  expect(mostOnTheWay({ bytesPerSecond: 100_000_000, latencyMs: 0 })).toBe(512 * KiB);
  expect(mostOnTheWay({ bytesPerSecond: 100_000_000, latencyMs: 50 })).toBe(512 * KiB);
  expect(mostOnTheWay({ bytesPerSecond: 10_000_000, latencyMs: 600 })).toBe(512 * KiB);
});

test("on a slow line so many that what is behind them waits little, and never too few to go on", () => {
  // A piece of 64 KiB more or less than the delay allows.
  expect(mostOnTheWay({ bytesPerSecond: 600_000, latencyMs: 1 })).toBeLessThanOrEqual(256 * KiB);
  expect(mostOnTheWay({ bytesPerSecond: 300_000, latencyMs: 1 })).toBeLessThanOrEqual(192 * KiB);
  expect(mostOnTheWay({ bytesPerSecond: 10_000, latencyMs: 1 })).toBe(128 * KiB);
});

test("credit for more than is on the way is none", () => {
  const window = new PieceWindow(() => 0);
  window.onSent(1000, { isLast: true });
  expect(window.onCredit(1001)).toBe(false);
  expect(window.onCredit(1000)).toBe(true);
  expect(window.onCredit(1)).toBe(false);
});

test("a pause before credit for the last piece of a frame changes nothing", () => {
  let nowMs = 0;
  const window = new PieceWindow(() => nowMs);
  window.onSent(PIECE, { isLast: false });
  window.onCredit(PIECE);
  expect(window.hasRoomFor(512 * KiB)).toBe(true);
  window.onSent(100, { isLast: true });
  nowMs += 60_000;
  window.onSent(PIECE, { isLast: false });
  window.onCredit(100 + PIECE);
  expect(window.hasRoomFor(512 * KiB)).toBe(true);
});
