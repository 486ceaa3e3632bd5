import { expect, test } from "bun:test";
import { LineSplitter } from "../../../../../mesh/plugins/games/econ/line-splitter.ts";

const SENT = Buffer.from("Enter password:\n\0\0[1][chat]: 1:0:é: ü\r\n\0last\n\n\0");
const LINES = ["Enter password:", "[1][chat]: 1:0:é: ü", "last"];

function split(...chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) expect(splitter.take(chunk)).toBe(true);
  return lines;
}

test("lines come whole, byte by byte, and cut at every place", () => {
  expect(split(SENT)).toEqual(LINES);
  expect(split(...Array.from(SENT, (byte) => Uint8Array.of(byte)))).toEqual(LINES);
  for (let at = 0; at <= SENT.length; at++) {
    expect(split(SENT.subarray(0, at), SENT.subarray(at))).toEqual(LINES);
  }
});

test("a line break alone ends no line", () => {
  expect(split(Buffer.from("a\nb\n\0"))).toEqual(["a\nb"]);
});

test("bytes that are no text hurt nobody", () => {
  expect(split(Buffer.from([0xff, 0xfe, 0x0a, 0, 0x61, 0x0a, 0]))).toEqual(["\uFFFD\uFFFD", "a"]);
});

test("a line without end is not collected", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  expect(splitter.take(Buffer.from(`short\n\0${"x".repeat(2048)}`))).toBe(true);
  expect(splitter.take(Buffer.from("x"))).toBe(false);
  expect(new LineSplitter(() => {}).take(Buffer.from(`${"x".repeat(3000)}\0`))).toBe(false);
  expect(lines).toEqual(["short"]);
});
