import { expect, test } from "bun:test";
import { FrameStream, type FrameStreamReceiver } from "../../../mesh/link/frame-stream.ts";
import { frame as message, parseFrames } from "../../helpers/frames.ts";
import { ManualClock } from "../manual-clock.ts";
import { type LineOptions, MemoryLine } from "./memory-line.ts";

const DATA = 5;

class Recorder implements FrameStreamReceiver {
  readonly heard: string[] = [];
  onFrame(chunk: Buffer, start: number, end: number): void {
    this.heard.push(chunk.toString("latin1", start, end));
  }
  onBroken(why: string): void {
    this.heard.push(why);
  }
  onTaken(): void {}
  onOver(): void {
    this.heard.push("over");
  }
}

function streamOf(receiver: FrameStreamReceiver, frameBytesMax = 10, options: LineOptions = {}) {
  const line = new MemoryLine(options);
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const stream = new FrameStream({
    transport: line.left,
    receiver,
    frameBytesMax,
    clock,
    onInternalError: (error) => errors.push(error),
  });
  line.left.handler = stream;
  return { line, clock, stream, errors };
}

test("a frame of just the longest length is taken, and one byte more is too long", () => {
  const recorder = new Recorder();
  const { stream } = streamOf(recorder);
  stream.onData(Buffer.concat([message(DATA, "0123456789"), message(DATA, "0123456789a")]));
  expect(recorder.heard).toEqual(["0123456789", "frame_too_long"]);
});

test("who it is handed over to gets what follows in the same chunk, at its own length", () => {
  const first = new Recorder();
  const second = new Recorder();
  const { stream } = streamOf(first);
  first.onFrame = () => stream.handOver(second, 20);
  stream.onData(Buffer.concat([message(DATA, "hello"), message(DATA, "more than ten bytes")]));
  expect([first.heard, second.heard]).toEqual([[], ["more than ten bytes"]]);
});

test("what goes ahead passes what waits, but never set-up", async () => {
  const { line, stream } = streamOf(new Recorder(), 10, { capacity: 4 });
  const chunks: Buffer[] = [];
  line.right.handler = {
    onData: (chunk) => chunks.push(chunk),
    onDrain: () => {},
    onEnd: () => {},
    onClose: () => {},
  };
  const big = Buffer.alloc(60_000, "m");
  stream.send(Buffer.from("confirm"));
  stream.handOver(new Recorder(), 10);
  for (let count = 0; count < 3; count += 1) stream.send(big);
  stream.sendAhead(Buffer.from("one"));
  // Confirm has left by now, and what was in the block with it is leaving.
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (let count = 0; count < 5; count += 1) line.pump();
  stream.send(big);
  stream.sendAhead(Buffer.from("two"));
  await line.settle();
  const frames = parseFrames(Buffer.concat(chunks)).map(({ data }) =>
    data.toString("latin1", 0, 7),
  );
  expect(frames[0]).toBe("confirm");
  expect(frames.indexOf("two")).toBeLessThan(frames.indexOf("one"));
  expect(frames).toHaveLength(7);
});

test("a receiver that throws loses the connection, and hears so", () => {
  const recorder = new Recorder();
  const { stream, errors, line } = streamOf(recorder);
  recorder.onFrame = () => {
    throw new Error("boom");
  };
  stream.onData(Buffer.concat([message(DATA, "a"), message(DATA, "b")]));
  expect(errors).toEqual([new Error("boom")]);
  expect(recorder.heard).toEqual(["over"]);
  expect(line.left.state).toBe("closed");
});

test("a receiver that throws at the end has that reported, and no more", () => {
  const recorder = new Recorder();
  const { stream, errors } = streamOf(recorder);
  recorder.onOver = () => {
    throw new Error("boom");
  };
  stream.onClose();
  stream.onClose();
  expect(errors).toHaveLength(1);
});

test("nothing is heard once it was closed, and what was sent still goes", async () => {
  const recorder = new Recorder();
  const { stream, line, clock } = streamOf(recorder);
  const received: Buffer[] = [];
  line.right.handler = {
    onData: (chunk) => received.push(chunk),
    onDrain: () => {},
    onEnd: () => line.right.shutdown(),
    onClose: () => {},
  };
  stream.send(Buffer.from("farewell"));
  stream.close();
  stream.onData(message(DATA, "late"));
  await line.settle();
  expect(Buffer.concat(received).equals(message(DATA, "farewell"))).toBe(true);
  expect(recorder.heard).toEqual([]);
  expect([line.left.state, clock.timers]).toEqual(["closed", 0]);
});
