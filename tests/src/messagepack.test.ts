import { describe, expect, expectTypeOf, test } from "bun:test";
import * as fc from "fast-check";
import { CcpError } from "../../src/errors.ts";
import { decode, ExtData, encode } from "../../src/messagepack.ts";
import type { DecodeLimits } from "../../src/messagepack-limits.ts";

function fromHex(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

/** The refusal that `run` ends with; anything else it does is a failure. */
function refusal(run: () => unknown): CcpError {
  try {
    run();
  } catch (error) {
    if (error instanceof CcpError && error.code === "bad_messagepack") {
      return error;
    }
    throw error;
  }
  throw new Error("it was not refused");
}

/** Decodes bytes that may be anything: a value, or a refusal, is all that may come of it. */
function decodeAnything(bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    if (!(error instanceof CcpError && error.code === "bad_messagepack")) {
      throw error;
    }
  }
}

/** `value` inside so many arrays. */
function nested(depth: number, value: unknown): unknown {
  return depth === 0 ? value : [nested(depth - 1, value)];
}

/** Values that come back as they were. */
const values: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, tie("leaf"), tie("array"), tie("map")),
  leaf: fc.oneof(
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger().map((number) => number + 0),
    fc.double().map((number) => number + 0),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.string({ unit: "grapheme", maxLength: 260 }),
    fc.uint8Array({ maxLength: 260 }),
    fc.date({ noInvalidDate: true }),
  ),
  array: fc.array(tie("value"), { maxLength: 8 }),
  map: fc.dictionary(
    fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__"),
    tie("value"),
    { maxKeys: 8, noNullPrototype: true },
  ),
})).value;

/** Shrinking a large counterexample would take minutes; what has been found by then is reported. */
function runs(numRuns: number): { numRuns: number; interruptAfterTimeLimit: number } {
  return { numRuns, interruptAfterTimeLimit: 4000 };
}

const sample = {
  text: "gg, well played \u{1f44f}",
  at: 1_735_689_600_123,
  players: [{ name: "a", steamId: 76_561_198_000_000_001n, ping: 12.5 }, null, -7],
  avatar: Uint8Array.of(1, 2, 3),
  joined: new Date(1_735_689_600_123),
};

describe("encode and decode agree with the format", () => {
  test.each<[name: string, value: unknown, hex: string]>([
    ["nil", null, "c0"],
    ["false", false, "c2"],
    ["true", true, "c3"],
    ["a positive fixint", 127, "7f"],
    ["a negative fixint", -32, "e0"],
    ["uint 8", 128, "cc 80"],
    ["uint 16", 256, "cd 0100"],
    ["uint 32", 65_536, "ce 00010000"],
    ["uint 64", 2 ** 32, "cf 0000000100000000"],
    ["int 8", -33, "d0 df"],
    ["int 16", -129, "d1 ff7f"],
    ["int 32", -32_769, "d2 ffff7fff"],
    ["int 64", -(2 ** 31) - 1, "d3 ffffffff7fffffff"],
    ["float 64", 1.5, "cb 3ff8000000000000"],
    ["a fixstr", "a\u00e9", "a3 61c3a9"],
    ["a str 8", "x".repeat(32), `d9 20 ${"78".repeat(32)}`],
    ["a bin 8", Uint8Array.of(1, 255), "c4 02 01ff"],
    ["a fixarray", [1, []], "92 01 90"],
    ["an array 16", Array.from({ length: 16 }, () => 0), `dc 0010 ${"00".repeat(16)}`],
    [
      "the map of msgpack.org",
      { compact: true, schema: 0 },
      "82 a7636f6d70616374 c3 a6736368656d61 00",
    ],
    ["a timestamp 32", new Date(1000), "d6 ff 00000001"],
    ["a timestamp 64", new Date(1001), "d7 ff 003d090000000001"],
    ["a timestamp 96", new Date(-1), "c7 0c ff 3b8b87c0 ffffffffffffffff"],
    ["an extension", new ExtData(5, Uint8Array.of(7)), "d4 05 07"],
  ])("about %s", (_, value, hex) => {
    expect(encode(value).toHex()).toBe(hex.replaceAll(" ", ""));
    expect(decode(fromHex(hex))).toEqual(value);
  });

  test.each<[name: string, hex: string, value: unknown]>([
    ["a long form of a short integer", "cf 0000000000000001", 1],
    ["float 32", "ca 3fc00000", 1.5],
    ["a long form of a short string", "db 00000001 61", "a"],
    ["a long form of a short array", "dd 00000001 c0", [null]],
    ["a number as a map key", "81 07 c0", { 7: null }],
    ["a wide integer as a map key", "81 cf 0110000100000001 c0", { "76561197960265729": null }],
  ])("about reading %s", (_, hex, value) => {
    expect(decode(fromHex(hex))).toEqual(value);
  });

  test("so that every value comes back as it was", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value))).toEqual(value);
      }),
      runs(1000),
    );
  });

  test("and have the types they should", () => {
    expectTypeOf(encode).returns.toEqualTypeOf<Uint8Array<ArrayBuffer>>();
    expectTypeOf(decode).returns.toBeUnknown();
    expectTypeOf<Parameters<typeof decode>[1]>().toEqualTypeOf<
      Readonly<Partial<DecodeLimits>> | undefined
    >();
  });
});

describe("integers", () => {
  test("such as a time in milliseconds are integers to other languages", () => {
    const bytes = encode(1_735_689_600_123);
    expect(bytes[0]).toBe(0xcf);
    expect(new DataView(bytes.buffer).getBigUint64(1)).toBe(1_735_689_600_123n);
  });

  test("stay integers next to a bigint", () => {
    const value = { at: 1_735_689_600_123, before: -1_735_689_600_123, id: 2n ** 60n, small: 5 };
    expect(encode(value).toHex()).toBe(
      [
        "84",
        "a26174cf000001941f297c7b",
        "a66265666f7265d3fffffe6be0d68385",
        "a26964cf1000000000000000",
        "a5736d616c6c05",
      ].join(""),
    );
    expect(decode(encode(value))).toEqual(value);
  });

  test.each<[bigint, number | bigint]>([
    [5n, 5],
    [-5n, -5],
    [2n ** 32n, 2 ** 32],
    [2n ** 53n - 1n, Number.MAX_SAFE_INTEGER],
    [2n ** 53n, 2n ** 53n],
    [-(2n ** 53n) + 1n, Number.MIN_SAFE_INTEGER],
    [-(2n ** 53n), -(2n ** 53n)],
    [76_561_198_000_000_001n, 76_561_198_000_000_001n],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
    [-(2n ** 63n), -(2n ** 63n)],
  ])("%p comes back as %p", (value, expected) => {
    expect(decode(encode(value))).toBe(expected);
    expect(decode(encode({ list: [value] }))).toEqual({ list: [expected] });
  });

  test("that are short take few bytes, as bigints too", () => {
    expect(encode([5n, -5n, 2n ** 32n - 1n]).toHex()).toBe("9305fbceffffffff");
  });

  test("that are exact as numbers are numbers, whatever stands next to them", () => {
    const wide = decode(fromHex("93 cf 0020000000000000 cf 0000000000000001 d3 ffffffffffffffff"));
    expect(wide).toEqual([2n ** 53n, 1, -1]);
  });

  test.each([2n ** 64n, -(2n ** 63n) - 1n, 10n ** 1000n])("beyond 64 bits are refused", (value) => {
    expect(refusal(() => encode([value])).message).toBe(
      "MessagePack: a bigint below -2^63 or above 2^64 - 1 cannot be encoded",
    );
  });
});

describe("encode", () => {
  test("leaves out properties that are undefined, as JSON does", () => {
    expect(encode({ a: undefined, b: 1 })).toEqual(encode({ b: 1 }));
    expect(decode(encode([undefined]))).toEqual([null]);
  });

  test("takes an object of a class for its properties", () => {
    class Player {
      readonly name = "a";
      readonly id = 2n ** 60n;
      readonly #secret = "b";
      reveal(): string {
        return this.#secret;
      }
    }
    expect(decode(encode(new Player()))).toEqual({ name: "a", id: 2n ** 60n });
  });

  test("takes a view for the bytes that it shows", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
    expect(decode(encode(bytes.subarray(1, 3)))).toEqual(Uint8Array.of(2, 3));
    expect(decode(encode(new DataView(bytes.buffer, 2, 2)))).toEqual(Uint8Array.of(3, 4));
    expect(decode(encode(Buffer.from("ab")))).toEqual(Uint8Array.of(97, 98));
  });

  test.each<[type: string, value: unknown]>([
    ["Function", () => 1],
    ["Symbol", Symbol("a")],
    ["Map", new Map([["a", 1]])],
    ["Set", new Set([1])],
    ["ArrayBuffer", new ArrayBuffer(2)],
    ["Promise", Promise.resolve(1)],
    ["Error", new Error("a")],
    ["RegExp", /a/],
    ["URL", new URL("http://panel.example")],
    ["Date", new Date(Number.NaN)],
  ])("refuses a %s, which would lose what it holds", (type, value) => {
    const message = `MessagePack: a value of type ${type} cannot be encoded; make it a plain object, an array or bytes`;
    expect(refusal(() => encode(value)).message).toBe(message);
    expect(refusal(() => encode({ list: [value] })).message).toBe(message);
    expect(refusal(() => encode([2n ** 60n, value])).message).toBe(message);
  });

  test("refuses the property that no decoder takes", () => {
    const value: unknown = JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}');
    expect(refusal(() => encode(value)).message).toContain("__proto__");
    expect(refusal(() => encode([value, 2n ** 60n])).message).toContain("__proto__");
  });

  test("goes exactly as deep as decode", () => {
    for (const leaf of [1, 2n ** 60n, [], {}]) {
      const deepest = nested(64, leaf);
      expect(decode(encode(deepest))).toEqual(deepest);
      expect(refusal(() => encode(nested(65, leaf))).message).toContain("deeper than 64 levels");
    }
  });

  test.each([1, 2n ** 60n])("refuses a value that is a part of itself, next to %p", (leaf) => {
    const cycle: unknown[] = [leaf];
    cycle.push({ cycle });
    expect(refusal(() => encode(cycle)).message).toBe(
      "MessagePack: the value is nested deeper than 64 levels, or is a part of itself",
    );
  });

  test("hands on why a getter failed", () => {
    const cause = new RangeError("no such player");
    const value = {
      get name(): string {
        throw cause;
      },
    };
    const error = refusal(() => encode(value));
    expect(error.message).toBe("MessagePack: the value cannot be encoded: no such player");
    expect(error.cause).toBe(cause);
  });

  test("gives bytes of their own, which the next call does not touch", () => {
    const first = encode("first");
    const copy = Uint8Array.from(first);
    encode("other");
    expect(first).toEqual(copy);
    expect(first.buffer.byteLength).toBe(first.length);
  });

  test("can be called from within itself", () => {
    let inner: Uint8Array[] = [];
    const value = {
      before: 1,
      get nested(): string {
        inner = [encode({ inner: true }), encode([2n ** 60n])];
        return "outer";
      },
      after: 2,
    };
    expect(decode(encode(value))).toEqual({ before: 1, nested: "outer", after: 2 });
    expect(inner.map((bytes) => decode(bytes))).toEqual([{ inner: true }, [2n ** 60n]]);
  });

  test("works on after a refusal and after a value of megabytes", () => {
    const large = "x".repeat(3_000_000);
    refusal(() => encode([large, () => 1]));
    expect(decode(encode(sample))).toEqual(sample);
    expect(decode(encode([large, 2n ** 60n]))).toEqual([large, 2n ** 60n]);
    expect(decode(encode(sample))).toEqual(sample);
  });
});

describe("decode", () => {
  test("gives binaries and extensions that are no views of the input", () => {
    const extension = new ExtData(5, Uint8Array.of(9, 9));
    // A Buffer, as sockets give, whose own slice() would be a view.
    const input = Buffer.from(encode({ binary: Uint8Array.of(1, 2, 3), extension }));
    const value = decode(input);
    input.fill(0);
    expect(value).toEqual({ binary: Uint8Array.of(1, 2, 3), extension });
  });

  test("hands extensions on as they came", () => {
    const bytes = fromHex("92 d4 05 07 c7 03 80 010203");
    expect(decode(bytes)).toEqual([
      new ExtData(5, Uint8Array.of(7)),
      new ExtData(-128, Uint8Array.of(1, 2, 3)),
    ]);
    expect(encode(decode(bytes)).toHex()).toBe(bytes.toHex());
  });

  test("reads the part of a chunk that it is given", () => {
    const chunk = Uint8Array.of(0xc1, ...encode(sample), 0xc1);
    expect(decode(chunk.subarray(1, -1))).toEqual(sample);
  });

  test("encodes no more values than the reader allows", () => {
    const wide = { list: [1, [2, 3]], text: "a text that is longer than its values are many" };
    expect(decode(encode(wide, 9), { valuesMax: 9 })).toEqual(wide);
    expect(() => encode(wide, 8)).toThrow(
      expect.objectContaining({
        code: "bad_messagepack",
        message: "MessagePack, byte 8: more than 8 values",
      }),
    );
  });

  test("keeps to the limits of the caller", () => {
    const bytes = encode([[1]]);
    expect(decode(bytes, { depthMax: 2, valuesMax: 3, bytesMax: 3 })).toEqual([[1]]);
    refusal(() => decode(bytes, { depthMax: 1 }));
    refusal(() => decode(bytes, { valuesMax: 2 }));
    refusal(() => decode(bytes, { bytesMax: 2 }));
    expect(() => decode(bytes, { depthMax: 0 })).toThrow(
      expect.objectContaining({ code: "invalid_option" }),
    );
  });

  test("goes as deep as it is told to", () => {
    const bytes = fromHex(`${"91".repeat(1024)}c4 00`);
    const value = decode(bytes, { depthMax: 1024 });
    expect(value).toEqual(nested(1024, new Uint8Array()));
  });

  test("refuses nested claims of billions without believing one", () => {
    const bomb = fromHex("ddffffffff".repeat(100));
    expect(refusal(() => decode(bomb)).message).toBe(
      "MessagePack, byte 0: an array of 4294967295 elements, with 495 bytes left",
    );
    const likelier = fromHex("dc0100".repeat(60) + "00".repeat(320));
    expect(refusal(() => decode(likelier)).message).toBe(
      "MessagePack, byte 500: the bytes end where a value should begin",
    );
  });

  test("leaves the prototypes of objects alone", () => {
    refusal(() => decode(fromHex("81 a9 5f5f70726f746f5f5f 81 a1 61 01")));
    const value = decode(encode({ constructor: 1, toString: 2 }));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value).toEqual({ constructor: 1, toString: 2 });
  });

  test("refuses every message that is cut short", () => {
    const check = (value: unknown): void => {
      const bytes = encode(value);
      for (let length = 0; length < bytes.length; length += 1) {
        refusal(() => decode(bytes.subarray(0, length)));
      }
    };
    check(sample);
    fc.assert(fc.property(values, check), runs(50));
  });

  test("refuses every message with a byte too many", () => {
    fc.assert(
      fc.property(values, fc.nat(255), (value, extra) => {
        refusal(() => decode(Uint8Array.of(...encode(value), extra)));
      }),
    );
  });

  test("makes a value or a refusal of random bytes, and works on", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), decodeAnything), runs(5000));
    expect(decode(encode(sample))).toEqual(sample);
  });

  test("makes a value or a refusal of mutated messages, and works on", () => {
    const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(values, mutations, (value, mutations) => {
        const bytes = encode(value);
        for (const [position, byte] of mutations) {
          bytes[position % bytes.length] = byte;
        }
        decodeAnything(bytes);
      }),
      runs(2000),
    );
    expect(decode(encode(sample))).toEqual(sample);
  });

  test("takes whatever encode gives for what it has decoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        let value: unknown;
        try {
          value = decode(bytes);
        } catch {
          return;
        }
        decode(encode(value));
      }),
      runs(5000),
    );
  });
});
