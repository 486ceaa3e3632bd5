import { describe, expect, test } from "bun:test";
import { Decoder } from "@msgpack/msgpack";
import * as fc from "fast-check";
import { encode } from "../../src/messagepack.ts";
import { build } from "../../src/messagepack-build.ts";
import { DEFAULT_DECODE_LIMITS } from "../../src/messagepack-limits.ts";
import { scan } from "../../src/messagepack-scan.ts";
import { extensionCodec } from "../../src/messagepack-values.ts";

function buildHex(hex: string): unknown {
  return build(Uint8Array.fromHex(hex.replaceAll(" ", "")));
}

function isPassed(bytes: Uint8Array): boolean {
  try {
    scan(bytes, DEFAULT_DECODE_LIMITS);
    return true;
  } catch {
    return false;
  }
}

/** Whether the library and this project make the same of the bytes by their own rules. */
function isComparable(bytes: Uint8Array): boolean {
  // A 64-bit integer is a bigint to one and a number to the other, and both read broken UTF-8 in their own way.
  return !bytes.some((byte) => byte === 0xcf || byte === 0xd3) && hasAsciiAlone(bytes);
}

type KeyDecoder = NonNullable<NonNullable<ConstructorParameters<typeof Decoder>[0]>["keyDecoder"]>;

/** The texts as they lie in the bytes, keys among them. */
function hasAsciiAlone(bytes: Uint8Array): boolean {
  const found: Uint8Array[] = [];
  const keyDecoder: KeyDecoder = {
    canBeCached: () => true,
    decode: (source, start, length) => {
      found.push(source.slice(start, start + length));
      // Unlike any other key, so that nothing is overwritten.
      return `text ${found.length}`;
    },
  };
  const options = { extensionCodec, mapKeyConverter, rawStrings: true, keyDecoder };
  const value = new Decoder(options).decode(bytes);
  collect(value, found);
  return found.every((text) => text.every((byte) => byte < 0x80));
}

function collect(value: unknown, found: Uint8Array[]): void {
  if (value instanceof Uint8Array) found.push(value);
  else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) collect(part, found);
  }
}

function mapKeyConverter(key: unknown): string {
  return String(key);
}

/** Every format, with bytes behind it that make it likely to be whole. */
const formats = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 255 }).map((head) => [head]),
    fc.constantFrom(
      [0xca, 0x3f, 0xc0, 0, 0],
      [0xcb, 0x40, 9, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18],
      [0xcd, 1, 2],
      [0xce, 0xff, 0, 0, 1],
      [0xd1, 0xff, 0x7f],
      [0xd2, 0x80, 0, 0, 0],
      [0xd9, 2, 0x61, 0x62],
      [0xda, 0, 1, 0x61],
      [0xdb, 0, 0, 0, 1, 0x61],
      [0xc4, 2, 1, 2],
      [0xc5, 0, 1, 7],
      [0xc6, 0, 0, 0, 1, 7],
      [0xc7, 2, 5, 1, 2],
      [0xc8, 0, 1, 5, 1],
      [0xc9, 0, 0, 0, 1, 5, 1],
      [0xd4, 5, 1],
      [0xd6, 0xff, 0, 0, 0, 1],
      [0xd8, 6, ...Array.from({ length: 16 }, () => 1)],
      [0x82, 0xa1, 0x61, 1, 0xa1, 0x62, 2],
      [0x81, 0xcc, 200, 0xc0],
      [0xdc, 0, 1, 0xc3],
      [0xdd, 0, 0, 0, 1, 0xc2],
      [0xde, 0, 1, 0xa1, 0x61, 1],
      [0xdf, 0, 0, 0, 1, 0xa1, 0x61, 1],
    ),
  ),
  { maxLength: 12 },
);

describe("build", () => {
  test("makes what the library's decoder makes", () => {
    const decoder = new Decoder({ extensionCodec, mapKeyConverter });
    let compared = 0;
    fc.assert(
      fc.property(formats, (parts) => {
        // In an array of so many values the rest of what was drawn has a place.
        const bytes = Uint8Array.of(0xdc, 0, parts.length, ...parts.flat());
        if (!isPassed(bytes) || !isComparable(bytes)) return;
        compared += 1;
        expect(build(bytes)).toEqual(decoder.decode(bytes));
      }),
      { numRuns: 5000 },
    );
    expect(compared).toBeGreaterThan(500);
  });

  test.each<[name: string, hex: string, value: number | bigint]>([
    ["2^53 - 1", "cf 001fffffffffffff", 2 ** 53 - 1],
    ["2^53", "cf 0020000000000000", 2n ** 53n],
    ["2^63", "cf 8000000000000000", 2n ** 63n],
    ["2^64 - 1", "cf ffffffffffffffff", 2n ** 64n - 1n],
    ["a signed 2^53 - 1", "d3 001fffffffffffff", 2 ** 53 - 1],
    ["a signed 2^53", "d3 0020000000000000", 2n ** 53n],
    ["-1", "d3 ffffffffffffffff", -1],
    ["-2^53 + 1", "d3 ffe0000000000001", -(2 ** 53) + 1],
    ["-2^53", "d3 ffe0000000000000", -(2n ** 53n)],
    ["-2^53 - 1", "d3 ffdfffffffffffff", -(2n ** 53n) - 1n],
    ["-2^63", "d3 8000000000000000", -(2n ** 63n)],
  ])("makes a bigint of an integer only where a number is not exact: %s", (_, hex, value) => {
    expect(buildHex(hex)).toBe(value);
  });

  test.each<[name: string, hex: string, value: object]>([
    ["a wide integer", "81 cf 0020000000000001 c0", { "9007199254740993": null }],
    ["a float", "81 cb 3ff8000000000000 c0", { "1.5": null }],
    ["a negative number", "81 ff c0", { "-1": null }],
    ["an empty text", "81 a0 c0", { "": null }],
    ["a text with a length of its own", "81 d9 01 61 c0", { a: null }],
    ["the same text twice", "82 a1 61 01 a1 61 02", { a: 2 }],
  ])("takes %s for a key", (_, hex, value) => {
    expect(buildHex(hex)).toEqual(value);
  });

  test("keeps keys apart that are remembered in the same place", () => {
    const names = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(names, (names) => {
        const map = Object.fromEntries(
          names.filter((name) => name !== "__proto__").map((name, at) => [`a${name}`, at]),
        );
        expect(build(encode(map))).toEqual(map);
      }),
    );
  });

  test("remembers keys without the chunk that they came in", () => {
    const chunk = Buffer.from(encode({ remembered: 1 }));
    expect(build(chunk)).toEqual({ remembered: 1 });
    chunk.fill(0x62, 2);
    expect(build(encode({ remembered: 2 }))).toEqual({ remembered: 2 });
  });

  test("keeps a byte-order mark, which is a character like others", () => {
    expect(buildHex("a4 efbbbf61")).toBe("\ufeffa");
  });

  test("makes some text of what is not UTF-8", () => {
    expect(buildHex("a3 61ff62")).toBe("a\ufffdb");
  });
});
