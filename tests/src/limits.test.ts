import { describe, expect, test } from "bun:test";
import { CcpError } from "../../src/errors.ts";
import {
  DEFAULT_CLIENT_LIMITS,
  DEFAULT_ENDPOINT_LIMITS,
  limitRange,
  withLimits,
} from "../../src/limits.ts";

function refusal(changes: object): string {
  try {
    withLimits(DEFAULT_ENDPOINT_LIMITS, changes);
  } catch (error) {
    if (error instanceof CcpError) return `${error.code}: ${error.message}`;
  }
  return "accepted";
}

describe("limits", () => {
  test("are the defaults where nothing else is said, and the defaults stay as they are", () => {
    const before = { ...DEFAULT_ENDPOINT_LIMITS };
    expect(withLimits(DEFAULT_ENDPOINT_LIMITS, undefined)).toEqual(DEFAULT_ENDPOINT_LIMITS);
    const changed = withLimits(DEFAULT_ENDPOINT_LIMITS, { pendingMax: 3 });
    expect(changed).toEqual({ ...DEFAULT_ENDPOINT_LIMITS, pendingMax: 3 });
    expect(DEFAULT_ENDPOINT_LIMITS).toEqual(before);
  });

  test.each([
    [
      { startTimeoutMs: 0 },
      "limits.startTimeoutMs must be a whole number from 1 to 2147483647, not 0",
    ],
    [
      { startTimeoutMs: 2 ** 31 },
      "limits.startTimeoutMs must be a whole number from 1 to 2147483647, not 2147483648",
    ],
    [
      { idleTimeoutMs: -1 },
      "limits.idleTimeoutMs must be a whole number from 0 to 2147483647, not -1",
    ],
    [
      { messageBytesMax: 15 },
      "limits.messageBytesMax must be a whole number from 16 to 16777215, not 15",
    ],
    [
      { messageBytesMax: 16_777_216 },
      "limits.messageBytesMax must be a whole number from 16 to 16777215, not 16777216",
    ],
    [
      { pendingMax: 1.5 },
      "limits.pendingMax must be a whole number from 1 to 9007199254740991, not 1.5",
    ],
    [
      { pendingMax: "9" },
      "limits.pendingMax must be a whole number from 1 to 9007199254740991, not 9",
    ],
    [
      { pendingMax: undefined },
      "limits.pendingMax must be a whole number from 1 to 9007199254740991, not undefined",
    ],
    [{ pendingMaximum: 5 }, "limits.pendingMaximum is not a limit"],
  ])("refuse %p", (changes, message) => {
    expect(refusal(changes)).toBe(`invalid_option: ${message}`);
  });

  test("take both ends of their ranges", () => {
    expect(refusal({ idleTimeoutMs: 0 })).toBe("accepted");
    expect(refusal({ startBytesMax: 256 })).toBe("accepted");
    expect(refusal({ startBytesMax: 16_777_215 })).toBe("accepted");
    expect(refusal({ closeTimeoutMs: 2_147_483_647 })).toBe("accepted");
  });

  test.each(Object.entries({ ...DEFAULT_ENDPOINT_LIMITS, ...DEFAULT_CLIENT_LIMITS }))(
    "have a default of %s within its range",
    (name, value) => {
      const { min, max } = limitRange(name);
      expect(value).toBeGreaterThanOrEqual(min);
      expect(value).toBeLessThanOrEqual(max);
    },
  );
});
