import { expect, test } from "bun:test";
import { PublishFrames } from "../../../mesh/messaging/publish-frames.ts";

const raw = (text: string) => ({ kind: "raw", bytes: Buffer.from(text) }) as const;

/** The frame as it was while it was lent. */
function made(frames: PublishFrames, topic: string, groups: string[], text: string): Buffer {
  let copy = Buffer.alloc(0);
  frames.lend(topic, { groups, payload: raw(text) }, (frame) => {
    copy = Buffer.from(frame);
  });
  return copy;
}

test("are as the protocol says", () => {
  const frames = new PublishFrames();
  for (let round = 0; round < 2; round += 1) {
    expect(made(frames, "a.é", [], "hi").toString("hex")).toBe(
      "28 00 0004 612ec3a9 00 6869".replaceAll(" ", ""),
    );
    expect(made(frames, "a", ["g", "hh"], "").toString("hex")).toBe(
      "28 00 0001 61 02 01 67 02 6868".replaceAll(" ", ""),
    );
  }
  frames.lend("a", { groups: [], payload: { kind: "value", bytes: Buffer.of(0xc3) } }, (frame) => {
    expect(Buffer.from(frame).toString("hex")).toBe("28 01 0001 61 00 c3".replaceAll(" ", ""));
  });
});

test("one that is made while another is lent does not change that", () => {
  const frames = new PublishFrames();
  frames.lend("a", { groups: [], payload: raw("outer") }, (outer) => {
    const before = Buffer.from(outer);
    expect(made(frames, "b", [], "other").equals(before)).toBe(false);
    expect(Buffer.from(outer)).toEqual(before);
  });
  expect(() =>
    frames.lend("a", { groups: [], payload: raw("x") }, () => {
      throw new Error("mine");
    }),
  ).toThrow("mine");
  expect(made(frames, "b", [], "other").toString("latin1")).toEndWith("other");
});

test("of more than 64 KiB may be kept, and of many topics are all right", () => {
  const frames = new PublishFrames();
  const kept: Uint8Array[] = [];
  for (const text of ["x", "y"]) {
    frames.lend("a", { groups: [], payload: raw(text.repeat(65_536)) }, (frame) =>
      kept.push(frame),
    );
  }
  expect(kept.map((frame) => String.fromCharCode(frame.at(-1) ?? 0))).toEqual(["x", "y"]);
  for (let count = 0; count < 3000; count += 1) {
    expect(made(frames, `t.${count}`, [], "p").toString("latin1")).toEndWith(`t.${count}\0p`);
  }
});
