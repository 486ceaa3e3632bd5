import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { CcpError } from "../../src/errors.ts";
import { encodeFrame, NO_DATA, toData, writeFrameHead } from "../../src/frame-encoder.ts";
import { frame } from "../helpers/frames.ts";

function thrown(action: () => unknown): { readonly code: string; readonly message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof CcpError) return { code: error.code, message: error.message };
  }
  throw new Error("it threw no CcpError");
}

describe("a message", () => {
  test("is its length in three bytes, its code and its data", () => {
    expect(encodeFrame(0x05, Buffer.from("hello")).toString("hex")).toBe("0000060568656c6c6f");
  });

  test("without data is its code alone", () => {
    expect(encodeFrame(0x0a).toString("hex")).toBe("0000010a");
    expect(encodeFrame(0x0a, NO_DATA).toString("hex")).toBe("0000010a");
  });

  test("of any length is what another encoder makes of it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array(), (code, data) => {
        expect(encodeFrame(code, data).equals(frame(code, data))).toBe(true);
      }),
    );
  });

  test.each([
    [254, "0000ff"],
    [255, "000100"],
    [65_534, "00ffff"],
    [65_535, "010000"],
    [16_777_214, "ffffff"],
  ])("with %i bytes of data begins with %s", (bytes, head) => {
    const target = Buffer.alloc(4);
    writeFrameHead(target, 0, 0x05, bytes);
    expect(target.toString("hex")).toBe(`${head}05`);
  });

  test("takes 16,777,214 bytes of data and no more", () => {
    expect(encodeFrame(5, Buffer.alloc(16_777_214)).length).toBe(16_777_218);
    expect(thrown(() => encodeFrame(5, Buffer.alloc(16_777_215)))).toEqual({
      code: "message_too_large",
      message:
        "16777215 bytes of data do not fit one message; the most is 16777214. Send them in pieces.",
    });
  });
});

describe("what plugins may send", () => {
  test("bytes stay the very same, strings become UTF-8", () => {
    const bytes = new Uint8Array([1, 2, 3]);
    expect(toData(bytes)).toBe(bytes);
    expect(Buffer.from(toData("héllo")).toString("hex")).toBe("68c3a96c6c6f");
    expect(toData("").length).toBe(0);
  });

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [5, "a value of type number"],
    [true, "a value of type boolean"],
    [{}, "a value of type object"],
    [[1, 2], "an array"],
    [() => "x", "a value of type function"],
    [new ArrayBuffer(4), "a value of type object"],
  ])("%p is refused as %s", (value, description) => {
    expect(thrown(() => toData(value))).toEqual({
      code: "bad_data",
      message: `only bytes or a string can be sent, not ${description}`,
    });
  });

  test("a string is measured in bytes", () => {
    const text = "é".repeat(8_388_608);
    expect(thrown(() => toData(text)).code).toBe("message_too_large");
  });
});
