import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { OwnFrameType } from "../../../mesh/link/link-frames.ts";
import { encode } from "../../../src/index.ts";
import { cut, header, frame as message, pattern } from "../../helpers/frames.ts";
import { frameOf, LinkPair, ScriptedPair } from "./link-pair.ts";

const PUBLISH = 0x28;
const KiB = 1024;
const END = 0x0a;

function gone(code: unknown, text: unknown): Uint8Array {
  return frameOf(OwnFrameType.gone, encode([code, text]));
}

function hex(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString("hex"));
}

/** What the side that cannot read a frame says. */
function isProtocolError(frame: Uint8Array | undefined): boolean {
  const start = encode("protocol_error");
  return (
    frame?.[0] === OwnFrameType.gone &&
    Buffer.from(frame.subarray(2, 2 + start.length)).equals(start)
  );
}

describe("a frame that arrives", () => {
  test("goes to the owner, cut anywhere and run together with the next", async () => {
    const bodies = [Buffer.alloc(0), pattern(1), pattern(3000), pattern(64 * KiB - 1)];
    const stream = Buffer.concat(bodies.map((body) => message(5, frameOf(0x2b, body))));
    for (const sizes of [[1], [2, 3], [65_536], [stream.length]]) {
      const pair = new ScriptedPair();
      for (const chunk of cut(stream, sizes)) pair.side.end.handler?.onData(chunk);
      expect(pair.side.handler.frames.map(({ type }) => type)).toEqual([0x2b, 0x2b, 0x2b, 0x2b]);
      pair.side.handler.frames.forEach(({ body }, index) => {
        expect(body.equals(bodies[index] ?? Buffer.alloc(1))).toBe(true);
      });
    }
  });

  test("of a type that the link does not know is the owner's to ignore", async () => {
    const pair = new ScriptedPair();
    const types = [0x00, 0x01, 0x05, 0x07, 0x0f, 0x10, 0x15, 0x16, 0x17, 0x1f, 0x20, 0x2c, 0xff];
    await pair.send(...types.map((type) => frameOf(type, Buffer.of(1))));
    expect(pair.side.handler.frames.map(({ type }) => type)).toEqual(types);
    expect(pair.side.handler.downs).toEqual([]);
  });

  test("may be answered with the end of the link, and nothing more is heard", async () => {
    const pair = new ScriptedPair();
    pair.side.handler.onEach = (link) => link.close("cannot read it", "protocol_error");
    await pair.send(frameOf(PUBLISH, Buffer.of(1)), frameOf(PUBLISH, Buffer.of(2)));
    expect(pair.side.handler.frames).toHaveLength(1);
    expect(pair.side.handler.downs).toEqual([{ reason: "protocol_error", text: "cannot read it" }]);
    expect(hex(await pair.frames())).toEqual(hex([gone("protocol_error", "cannot read it")]));
  });
});

describe("an owner that throws", () => {
  test("at a frame has the link closed whole, and the mistake reported", async () => {
    const pair = new LinkPair();
    const mistake = new Error("a mistake");
    pair.left.handler.onEach = () => {
      throw mistake;
    };
    pair.right.link.sendMessage(frameOf(PUBLISH, Buffer.of(1)), "a");
    pair.right.link.sendMessage(frameOf(PUBLISH, Buffer.of(2)), "a");
    await pair.line.settle();
    expect(pair.left.errors).toEqual([mistake]);
    expect(pair.left.handler.frames).toHaveLength(1);
    expect(pair.left.handler.downs).toEqual([
      { reason: "dropped", text: "this node made a mistake" },
    ]);
    expect(pair.right.handler.downs).toMatchObject([{ reason: "closed" }]);
    expect(pair.clock.timers).toBe(0);
  });

  test("at the end has the mistake reported", async () => {
    const pair = new LinkPair();
    pair.left.handler.onDown = () => {
      throw new Error("a mistake");
    };
    pair.left.link.close("enough");
    await pair.line.settle();
    expect(pair.left.errors).toHaveLength(1);
    expect(pair.right.handler.downs).toHaveLength(1);
  });
});

describe("an end", () => {
  test("with a code is told of, after what was sent before", async () => {
    const pair = new LinkPair();
    pair.left.link.sendMessage(frameOf(PUBLISH, Buffer.of(9)), "a");
    pair.left.link.close("the node stops", "stopping");
    expect(pair.left.handler.downs).toEqual([{ reason: "dropped", text: "the node stops" }]);
    await pair.line.settle();
    expect(pair.right.handler.frames).toHaveLength(1);
    expect(pair.right.handler.downs).toEqual([
      {
        reason: "gone",
        text: "it said stopping: the node stops",
        gone: { code: "stopping", text: "the node stops" },
      },
    ]);
    expect([pair.left.end.state, pair.right.end.state]).toEqual(["closed", "closed"]);
    expect(pair.clock.timers).toBe(0);
  });

  test("without a code says nothing", async () => {
    const pair = new ScriptedPair();
    pair.side.link.close("not needed");
    expect(await pair.frames()).toEqual([]);
    expect(pair.hasEnded).toBe(true);
    expect(pair.side.handler.downs).toEqual([{ reason: "dropped", text: "not needed" }]);
  });

  test("is told once", async () => {
    const pair = new LinkPair();
    pair.left.link.close("one");
    pair.left.link.close("two", "stopping");
    await pair.line.settle();
    expect(pair.left.handler.downs).toHaveLength(1);
    expect(pair.right.handler.downs).toHaveLength(1);
  });

  test("by end, by half a close and by a lost connection is an end", async () => {
    const closings: ((pair: ScriptedPair) => Promise<void>)[] = [
      (pair) => pair.write(message(END)),
      async (pair) => pair.line.right.shutdown(),
      async (pair) => pair.line.right.terminate(),
    ];
    for (const close of closings) {
      const pair = new ScriptedPair();
      await close(pair);
      await pair.line.settle();
      expect(pair.side.handler.downs).toEqual([
        { reason: "closed", text: "the connection closed" },
      ]);
      expect(pair.hasEnded).toBe(true);
    }
  });

  test("towards a peer that takes nothing comes half a second later all the same", async () => {
    const pair = new ScriptedPair({ capacity: 1000 });
    pair.line.right.reading = false;
    pair.side.link.sendMessage(frameOf(PUBLISH, new Uint8Array(5000)), "a");
    await pair.line.settle();
    pair.side.link.close("enough", "stopping");
    await pair.line.settle();
    expect(pair.side.end.state).toBe("open");
    pair.clock.advance(499);
    expect(pair.side.end.state).toBe("open");
    pair.clock.advance(1);
    expect(pair.side.end.state).toBe("closed");
    expect(pair.clock.timers).toBe(0);
  });

  test("of which the peer is long in hearing flushes what it can", async () => {
    const pair = new ScriptedPair({ capacity: 1000 });
    pair.line.right.reading = false;
    pair.side.link.sendMessage(frameOf(PUBLISH, new Uint8Array(5000)), "a");
    await pair.line.settle();
    pair.side.link.close("enough", "stopping");
    pair.line.right.reading = true;
    const frames = await pair.frames();
    expect(frames.map(([type]) => type)).toEqual([PUBLISH, OwnFrameType.gone]);
    expect(pair.hasEnded).toBe(true);
  });

  test("before it has an owner is the first that this hears of", () => {
    const pair = new LinkPair();
    pair.left.link.close("not needed");
    const downs: unknown[] = [];
    pair.left.link.attach({
      onFrame: () => {},
      onDown: (_link, down) => downs.push(down.text),
    });
    expect(downs).toEqual(["not needed"]);
  });

  test("that the peer says is fit for a log, whatever it says", async () => {
    const pair = new ScriptedPair();
    await pair.send(gone("duplicate_name", "two\n\u001b[31mlines"));
    expect(pair.side.handler.downs).toEqual([
      {
        reason: "gone",
        text: "it said duplicate_name: two\\n\\u001b[31mlines",
        gone: { code: "duplicate_name", text: "two\\n\\u001b[31mlines" },
      },
    ]);
  });

  test("with a text that is too long loses its end", async () => {
    const pair = new LinkPair();
    pair.left.link.close("é".repeat(5000), "duplicate_name");
    await pair.line.settle();
    expect(pair.right.handler.downs[0]?.gone).toEqual({
      code: "duplicate_name",
      text: "é".repeat(256),
    });
  });
});

const WHOLE = pattern(70_000);

function piece(flags: number, length: number | undefined, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(length === undefined ? 1 : 5);
  head[0] = flags;
  if (length !== undefined) head.writeUInt32BE(length, 1);
  return frameOf(OwnFrameType.piece, Buffer.concat([head, bytes]));
}

const ABUSES: Readonly<Record<string, readonly Uint8Array[]>> = {
  "an empty frame": [message(5)],
  "a message of length 0": [header(0)],
  "a message that is neither data nor end": [message(6, "?")],
  "a message that is too long": [header(70_000)],
  "a long frame that is not in pieces": [message(5, frameOf(PUBLISH, new Uint8Array(64 * KiB)))],
  "a short ping": [message(5, frameOf(OwnFrameType.ping, new Uint8Array(7)))],
  "a long ping": [message(5, frameOf(OwnFrameType.ping, new Uint8Array(9)))],
  "a short pong": [message(5, frameOf(OwnFrameType.pong, new Uint8Array(0)))],
  "a short credit": [message(5, frameOf(OwnFrameType.credit, new Uint8Array(3)))],
  "credit for what was never sent": [
    message(5, frameOf(OwnFrameType.credit, Buffer.of(0, 0, 0, 1))),
  ],
  "gone that is not MessagePack": [message(5, frameOf(OwnFrameType.gone, Buffer.of(0xc1)))],
  "gone without a text": [message(5, frameOf(OwnFrameType.gone, encode(["stopping"])))],
  "gone with a code that is none": [message(5, gone("Stop it\n", "text"))],
  "gone that is too long": [message(5, gone("stopping", "x".repeat(2000)))],
  "gone that is deep": [message(5, frameOf(OwnFrameType.gone, new Uint8Array(900).fill(0x91)))],
  "a piece of nothing": [message(5, frameOf(OwnFrameType.piece, new Uint8Array(0)))],
  "a piece with unknown flags": [message(5, piece(5, 100_000, WHOLE.subarray(0, 9)))],
  "a first piece without a length": [message(5, piece(1, undefined, Buffer.of(1, 2)))],
  "a first piece without data": [message(5, piece(1, 100_000, new Uint8Array(0)))],
  "a piece without a first": [message(5, piece(0, undefined, WHOLE.subarray(0, 9)))],
  "two first pieces": [
    message(5, piece(1, 100_000, WHOLE.subarray(0, 9))),
    message(5, piece(1, 100_000, WHOLE.subarray(0, 9))),
  ],
  "an empty piece": [
    message(5, piece(1, 100_000, WHOLE.subarray(0, 9))),
    message(5, piece(0, undefined, new Uint8Array(0))),
  ],
  "a frame longer than any may be": [
    message(5, piece(1, 8 * KiB * KiB + 64 * KiB + 1, WHOLE.subarray(0, 9))),
  ],
  "a frame of no length": [message(5, piece(3, 0, Buffer.of(1)))],
  "a last piece too early": [
    message(5, piece(1, 100_000, WHOLE.subarray(0, 9))),
    message(5, piece(2, undefined, WHOLE.subarray(0, 9))),
  ],
  "pieces without a last": [message(5, piece(1, 9, WHOLE.subarray(0, 9)))],
  "more than was said": [
    message(5, piece(1, 20, WHOLE.subarray(0, 10))),
    message(5, piece(2, undefined, WHOLE.subarray(0, 11))),
  ],
  "a ping in pieces": [message(5, piece(3, 9, frameOf(OwnFrameType.ping, new Uint8Array(8))))],
  "a piece in pieces": [message(5, piece(3, 9, piece(3, 3, Buffer.of(1, 2, 3))))],
};

describe("a peer that proved itself and sends", () => {
  test.each(Object.keys(ABUSES))(
    "%s is told so and closed; others notice nothing",
    async (name) => {
      const other = new LinkPair();
      const pair = new ScriptedPair();
      await pair.write(...(ABUSES[name] ?? []), message(5, frameOf(PUBLISH, Buffer.of(1))));
      const { downs, frames } = pair.side.handler;
      expect(downs).toHaveLength(1);
      expect(downs[0]?.reason).toBe("protocol_error");
      expect(frames).toEqual([]);
      expect(isProtocolError((await pair.frames()).at(-1))).toBe(true);
      expect(pair.hasEnded).toBe(true);
      expect(pair.side.errors).toEqual([]);
      other.left.link.sendMessage(frameOf(PUBLISH, WHOLE), "a");
      await other.line.settle();
      expect(other.right.handler.frames.map(({ body }) => body.equals(WHOLE))).toEqual([true]);
    },
  );

  test("whatever it likes harms nobody", async () => {
    const other = new LinkPair();
    const types = fc.oneof(fc.constantFrom(...Object.values(OwnFrameType)), fc.nat({ max: 255 }));
    const hostile = fc.oneof(
      fc
        .tuple(types, fc.uint8Array({ maxLength: 20 }))
        .map(([type, body]) => message(5, frameOf(type, body))),
      fc
        .record({
          flags: fc.nat({ max: 4 }),
          length: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
          bytes: fc.uint8Array({ maxLength: 20 }),
        })
        .map(({ flags, length, bytes }) => message(5, piece(flags, length, bytes))),
      fc.constantFrom(...Object.values(ABUSES).map((parts) => Buffer.concat(parts))),
      fc.uint8Array({ maxLength: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(hostile, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 4 }),
        async (parts, sizes) => {
          const pair = new ScriptedPair();
          pair.side.link.sendMessage(frameOf(PUBLISH, WHOLE), "a");
          for (const chunk of cut(Buffer.concat(parts), sizes)) {
            pair.side.end.handler?.onData(chunk);
          }
          await pair.line.settle();
          pair.clock.advance(60_000);
          expect(pair.side.errors).toEqual([]);
          expect(pair.side.handler.downs).toHaveLength(1);
          expect([pair.side.link.queuedBytes, pair.clock.timers]).toEqual([0, 0]);
          other.left.link.sendMessage(frameOf(PUBLISH, Buffer.of(1)), "a");
          await other.line.settle();
          expect(other.right.handler.frames.splice(0)).toHaveLength(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
