import { describe, expect, test } from "bun:test";
import { DEFAULT_DECODE_LIMITS, type DecodeLimits } from "../../src/messagepack-limits.ts";
import { scan } from "../../src/messagepack-scan.ts";

function scanHex(hex: string, limits: Partial<DecodeLimits> = {}): void {
  scan(Uint8Array.fromHex(hex.replaceAll(" ", "")), { ...DEFAULT_DECODE_LIMITS, ...limits });
}

/** Arrays of one element inside one another, around a nil. */
function nested(depth: number): string {
  return `${"91".repeat(depth)}c0`;
}

describe("scan refuses, and says at which byte,", () => {
  test.each([
    ["nothing at all", "", "byte 0: the bytes end where a value should begin"],
    ["a missing element", "92 a1 61", "byte 3: the bytes end where a value should begin"],
    ["a missing map value", "81 a1 61", "byte 3: the bytes end where a value should begin"],
    ["a length that is cut off", "91 da 01", "byte 1: the bytes end within a length"],
    ["a number that is cut off", "cd 01", "byte 0: a number of 2 bytes, with 1 byte left"],
    ["a short string", "91 a3 61 62", "byte 1: a string of 3 bytes, with 2 bytes left"],
    ["a short binary", "c4 02 00", "byte 0: a binary of 2 bytes, with 1 byte left"],
    ["a short extension", "d5 01 00", "byte 0: an extension of 3 bytes, with 2 bytes left"],
    [
      "a string of 4 GiB",
      "db ff ff ff ff",
      "byte 0: a string of 4294967295 bytes, with 0 bytes left",
    ],
    [
      "an array of 4 billion elements",
      "dd ff ff ff ff",
      "byte 0: an array of 4294967295 elements, with 0 bytes left",
    ],
    [
      "a map of 4 billion pairs",
      "91 df ff ff ff ff c0",
      "byte 1: a map of 4294967295 pairs, with 1 byte left",
    ],
    [
      "a map of more pairs than half its bytes",
      "82 a0 c0 a0",
      "byte 0: a map of 2 pairs, with 3 bytes left",
    ],
    ["the reserved byte", "91 c1", "byte 1: 0xc1 begins no value"],
    ["the reserved byte as a map key", "81 c1 c0", "byte 1: 0xc1 begins no value"],
    ["bytes after the value", "01 02 03", "byte 1: 2 bytes after the end of the value"],
    [
      "nil as a map key",
      "81 c0 01",
      "byte 1: nil or a boolean as a map key; keys are strings or numbers",
    ],
    [
      "an array as a map key",
      "82 a1 61 c0 90 c0",
      "byte 4: an array as a map key; keys are strings or numbers",
    ],
    [
      "the key that would set a prototype",
      "81 a9 5f5f70726f746f5f5f 80",
      'byte 1: the map key "__proto__" is not allowed',
    ],
    [
      "the same key in a longer form",
      "81 d9 09 5f5f70726f746f5f5f 80",
      'byte 1: the map key "__proto__" is not allowed',
    ],
    [
      "a timestamp of a wrong size",
      "d5 ff 00 00",
      "byte 0: a timestamp of 2 bytes; it has 4, 8 or 12",
    ],
    [
      "a timestamp in an impossible year",
      "c7 0c ff 00000000 7fffffffffffffff",
      "byte 0: a timestamp further away than a Date can say",
    ],
  ])("%s", (_, hex, message) => {
    expect(() => scanHex(hex)).toThrow(
      expect.objectContaining({ code: "bad_messagepack", message: `MessagePack, ${message}` }),
    );
  });

  test("more levels than allowed", () => {
    scanHex(nested(64));
    expect(() => scanHex(nested(65))).toThrow("byte 64: nested deeper than 64 levels");
    expect(() => scanHex("91 81 a0 91 c0", { depthMax: 2 })).toThrow(
      "byte 3: nested deeper than 2 levels",
    );
  });

  test("more values than allowed, map keys included", () => {
    scanHex("92 81 a0 c0 01", { valuesMax: 5 });
    expect(() => scanHex("92 81 a0 c0 01", { valuesMax: 4 })).toThrow("byte 1: more than 4 values");
  });

  test("more bytes than allowed", () => {
    scanHex("a2 61 62", { bytesMax: 3 });
    expect(() => scanHex("a2 61 62", { bytesMax: 2 })).toThrow(
      "byte 0: 3 bytes, where 2 are allowed",
    );
  });

  test("claims inside claims, each of them within the bytes that are left", () => {
    const bytes = new Uint8Array(300_000).fill(0x01);
    const view = new DataView(bytes.buffer);
    for (let level = 0; level < 60; level += 1) {
      view.setUint8(level * 5, 0xdd);
      view.setUint32(level * 5 + 1, 200_000);
    }
    expect(() => scan(bytes, DEFAULT_DECODE_LIMITS)).toThrow("byte 5: more than 250000 values");
    expect(() => scan(bytes, { ...DEFAULT_DECODE_LIMITS, valuesMax: 100_000_000 })).toThrow(
      "byte 300000: the bytes end where a value should begin",
    );
  });
});

describe("scan passes", () => {
  test.each([
    ["every fixed number", "94 00 7f e0 ff"],
    [
      "integers of all sizes",
      "98 ccff cdffff ceffffffff cf0000000100000000 d080 d18000 d280000000 d3ffffffffffffffff",
    ],
    ["floats of both sizes", "92 ca3fc00000 cb3ff8000000000000"],
    ["empty containers at any place", "92 80 90"],
    ["containers that do not count as levels because they are empty", `${"91".repeat(64)}90`],
    ["strings of all forms", "94 a0 d90161 da000161 db0000000161"],
    ["numbers as map keys", "82 01 c0 cb3ff8000000000000 c0"],
    ["the forbidden key as a value", "a9 5f5f70726f746f5f5f"],
    ["a key as long as the forbidden one", "81 a9 5f5f70726f746f5f61 c0"],
    ["extensions of all forms", "93 d4 01 00 c7 00 05 d8 7f 00000000000000000000000000000000"],
    [
      "timestamps of all sizes",
      "93 d6ff00000001 d7ff0000000000000001 c70cff000000000000000000000001",
    ],
  ])("%s", (_, hex) => {
    expect(() => scanHex(hex)).not.toThrow();
  });
});
