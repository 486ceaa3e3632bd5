import { expect, test } from "bun:test";
import { Wire } from "../../src/wire.ts";
import { frame, parseFrames } from "../helpers/frames.ts";
import { MemoryTransport } from "../helpers/memory-transport.ts";

const MAX_BYTES = 100;

/** A wire, and what it hands out; `onMessage` runs within each message. */
function newWire(onMessage: (wire: Wire, text: string) => void = () => {}): {
  readonly wire: Wire;
  readonly transport: MemoryTransport;
  readonly texts: string[];
} {
  const transport = new MemoryTransport();
  const texts: string[] = [];
  const wire: Wire = new Wire(
    transport,
    {
      onFrame: (_code, chunk, start, end) => {
        const text = chunk.toString("utf8", start, end);
        texts.push(text);
        onMessage(wire, text);
      },
      onOversize: () => {},
      onMemoryExhausted: () => false,
      onQueueEmpty: () => {},
    },
    { limits: { messageBytesMax: MAX_BYTES, sendHighWaterBytes: MAX_BYTES } },
  );
  return { wire, transport, texts };
}

test("what is sent within a chunk goes out as one write, when it is settled", () => {
  const { wire, transport } = newWire((of, text) => of.queue.push(0, Buffer.from(text)));
  wire.push(Buffer.concat([frame(0, "a"), frame(0, "b")]));
  expect(transport.writes).toBe(0);
  wire.settle();
  expect(transport.writes).toBe(1);
  expect(parseFrames(transport.taken).map(({ data }) => data.toString())).toEqual(["a", "b"]);
});

test("the transport is paused only while something is held", () => {
  const { wire, transport, texts } = newWire((of, text) => {
    if (text === "a") of.pause();
  });
  wire.push(frame(0, "a"));
  wire.settle();
  expect(wire.flowing).toBe(false);
  expect(transport.paused).toBe(false);
  wire.push(frame(0, "b"));
  wire.settle();
  expect(transport.paused).toBe(true);
  expect(texts).toEqual(["a"]);
  expect(wire.resume()).toBe(true);
  expect(transport.paused).toBe(false);
  expect(wire.flowing).toBe(true);
  expect(texts).toEqual(["a", "b"]);
});

test("a reader that pauses again within what was held keeps the transport paused", () => {
  const { wire, transport, texts } = newWire((of) => of.pause());
  wire.push(Buffer.concat([frame(0, "a"), frame(0, "b"), frame(0, "c")]));
  wire.settle();
  expect(wire.resume()).toBe(false);
  expect(transport.paused).toBe(true);
  expect(texts).toEqual(["a", "b"]);
});

test("what is dropped is read on and handed out no more", () => {
  const { wire, transport, texts } = newWire((of) => of.pause());
  wire.push(Buffer.concat([frame(0, "a"), frame(0, "b")]));
  wire.settle();
  expect(transport.paused).toBe(true);
  wire.drop();
  expect(transport.paused).toBe(false);
  wire.push(frame(0, "c"));
  expect(texts).toEqual(["a"]);
});

test("a message that is arriving is timed as one, however many bytes of it come", () => {
  const { wire } = newWire();
  const [first, ...rest] = frame(0, "abc");
  expect(wire.arrivingForMs(0)).toBe(0);
  wire.push(Buffer.of(first ?? 0));
  expect(wire.arrivingForMs(10)).toBe(0);
  wire.push(Buffer.from(rest.slice(0, 3)));
  expect(wire.arrivingForMs(30)).toBe(20);
  wire.push(Buffer.from(rest.slice(3)));
  expect(wire.arrivingForMs(40)).toBe(0);
});

test("the other side stands still from when it last took something", () => {
  const { wire, transport } = newWire();
  transport.capacity = 1;
  wire.queue.push(0, Buffer.from("abc"));
  wire.queue.flush();
  expect(wire.stalledForMs(10)).toBe(0);
  expect(wire.stalledForMs(30)).toBe(20);
  transport.capacity = 1;
  wire.queue.onDrain();
  expect(wire.stalledForMs(40)).toBe(0);
  transport.capacity = Number.POSITIVE_INFINITY;
  wire.queue.onDrain();
  expect(wire.stalledForMs(90)).toBe(0);
});

test("whoever takes the transport is what is terminated from then on", () => {
  const { wire, transport, texts } = newWire();
  const next = new MemoryTransport();
  wire.handOn((taken) => {
    expect(taken).toBe(transport);
    return next;
  });
  wire.push(frame(0, "a"));
  wire.terminate();
  expect(texts).toEqual([]);
  expect(transport.state).toBe("open");
  expect(next.state).toBe("terminated");
});
