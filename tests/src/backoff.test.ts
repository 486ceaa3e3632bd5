import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Backoff } from "../../src/backoff.ts";

/** The delays of the first tries, drawn at the same place of each range. */
function delays(count: number, draw: number): number[] {
  const backoff = new Backoff({ random: () => draw });
  return Array.from({ length: count }, () => backoff.next());
}

describe("Backoff", () => {
  test("doubles the ceiling up to the greatest delay and stays there", () => {
    expect(delays(9, 0.999_999)).toEqual([
      250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000,
    ]);
  });

  test("draws from the whole range, down to the floor", () => {
    expect(delays(3, 0)).toEqual([25, 25, 25]);
    expect(delays(3, 0.5)).toEqual([138, 263, 513]);
  });

  test("starts over after a reset", () => {
    const backoff = new Backoff({ random: () => 0.999_999 });
    backoff.next();
    backoff.next();
    expect(backoff.attempts).toBe(2);
    backoff.reset();
    expect(backoff.attempts).toBe(0);
    expect(backoff.next()).toBe(250);
  });

  test("goes on for ever without leaving its range", () => {
    const backoff = new Backoff();
    for (let attempt = 0; attempt < 5000; attempt += 1) {
      const delayMs = backoff.next();
      expect(delayMs).toBeGreaterThanOrEqual(25);
      expect(delayMs).toBeLessThanOrEqual(15_000);
    }
    expect(backoff.attempts).toBe(5000);
  });

  test("never gives a delay of 0, nor one above its greatest, whatever the options", () => {
    const range = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(range, range, fc.double({ min: 0, max: 0.999, noNaN: true }), (a, b, draw) => {
        const maxMs = Math.max(a, b);
        const backoff = new Backoff({ minMs: Math.min(a, b), maxMs, random: () => draw });
        for (let attempt = 0; attempt < 20; attempt += 1) {
          const delayMs = backoff.next();
          expect(delayMs).toBeGreaterThanOrEqual(1);
          expect(delayMs).toBeLessThanOrEqual(maxMs);
          expect(Number.isInteger(delayMs)).toBe(true);
        }
      }),
    );
  });

  test.each([
    [{ minMs: 0 }, "backoff: minMs must be a whole number from 1 to 15000, not 0"],
    [{ minMs: 1.5 }, "backoff: minMs must be a whole number from 1 to 15000, not 1.5"],
    [{ minMs: 20_000 }, "backoff: minMs must be a whole number from 1 to 15000, not 20000"],
    [{ maxMs: 100 }, "backoff: minMs must be a whole number from 1 to 100, not 250"],
    [{ maxMs: Number.NaN }, "backoff: maxMs must be a whole number from 1 to 2147483647, not NaN"],
    [
      { maxMs: 2 ** 31 },
      "backoff: maxMs must be a whole number from 1 to 2147483647, not 2147483648",
    ],
  ])("refuses %j", (options, message) => {
    expect(() => new Backoff(options)).toThrow(
      expect.objectContaining({ code: "invalid_option", message }),
    );
  });
});
