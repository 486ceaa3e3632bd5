import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { LineReader } from "../../../../../mesh/plugins/games/text/line-reader.ts";

function reading(): { lines: string[]; reader: LineReader } {
  const lines: string[] = [];
  return { lines, reader: new LineReader((line) => lines.push(line)) };
}

test("lines end at a line break, with a carriage return before it or without", () => {
  const { lines, reader } = reading();
  reader.push(Buffer.from("one\r\ntwo\n\nthree"));
  expect(lines).toEqual(["one", "two", ""]);
  reader.end();
  reader.end();
  expect(lines).toEqual(["one", "two", "", "three"]);
});

test("what is no UTF-8 is replaced, the line goes on", () => {
  const { lines, reader } = reading();
  reader.push(Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xc3, 0x0a, 0x63, 0x0a]));
  expect(lines).toEqual(["a\ufffdb", "\ufffd", "c"]);
});

test("a line that is too long is cut, and the next one is whole", () => {
  const { lines, reader } = reading();
  for (let i = 0; i < 100; i++) reader.push(Buffer.from("x".repeat(1000)));
  reader.push(Buffer.from("\nnext\n"));
  expect(lines).toEqual(["x".repeat(4096), "next"]);
});

test("the end of a line whose beginning was not read is no line", () => {
  const { lines, reader } = reading();
  reader.push(Buffer.from("begun"));
  reader.skipToNext();
  reader.push(Buffer.from(" and ended\nwhole\n"));
  expect(lines).toEqual(["whole"]);
  reader.push(Buffer.from("forgotten"));
  reader.reset();
  reader.push(Buffer.from("whole\n"));
  expect(lines).toEqual(["whole", "whole"]);
});

test("however the bytes are cut, the lines are the same", () => {
  const text = fc.array(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\n", "\r\n", "é💥")),
  );
  fc.assert(
    fc.property(
      text,
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (parts, sizes) => {
        const bytes = Buffer.from(`${parts.join("").toWellFormed().replaceAll("\ufeff", "")}\n`);
        const whole = reading();
        whole.reader.push(bytes);
        const cut = reading();
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          cut.reader.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(cut.lines).toEqual(whole.lines);
        expect(whole.lines.join("\n")).toBe(
          bytes
            .toString()
            .slice(0, -1)
            .replaceAll(/\r(?=\n|$)/g, ""),
        );
      },
    ),
  );
});
