import { describe, expect, test } from "bun:test";
import { DEFAULT_DECODE_LIMITS, decodeLimits } from "../../src/messagepack-limits.ts";

describe("decodeLimits", () => {
  test("gives the defaults where nothing is changed", () => {
    expect(decodeLimits(undefined)).toBe(DEFAULT_DECODE_LIMITS);
    expect(decodeLimits({})).toEqual(DEFAULT_DECODE_LIMITS);
  });

  test("changes what it is told to and nothing else", () => {
    const changes = { depthMax: 3 };
    expect(decodeLimits(changes)).toEqual({ ...DEFAULT_DECODE_LIMITS, depthMax: 3 });
    expect(changes).toEqual({ depthMax: 3 });
  });

  test.each([
    [{ depthMax: 0 }, "depthMax must be a whole number from 1 to 1024, not 0"],
    [{ depthMax: 1025 }, "depthMax must be a whole number from 1 to 1024, not 1025"],
    [{ valuesMax: 1.5 }, "valuesMax must be a whole number from 1 to 268435456, not 1.5"],
    [{ bytesMax: Infinity }, "bytesMax must be a whole number from 1 to 268435456, not Infinity"],
  ])("refuses %j", (changes, message) => {
    expect(() => decodeLimits(changes)).toThrow(
      expect.objectContaining({ code: "invalid_option", message }),
    );
  });
});
