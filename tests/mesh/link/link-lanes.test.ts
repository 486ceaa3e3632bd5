import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { OwnFrameType } from "../../../mesh/link/link-frames.ts";
import { QueueBudget } from "../../../mesh/link/queue-budget.ts";
import { pattern } from "../../helpers/frames.ts";
import { frameOf, LinkPair, type Received, ScriptedPair } from "./link-pair.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const PUBLISH = 0x28;
const WHOLE_MAX = 64 * KiB;
const LONGEST = 8 * MiB + 64 * KiB;

/** A frame of so many bytes that says which it is. */
function numbered(number: number, length: number): Uint8Array {
  const frame = pattern(length, number + 1);
  frame[0] = PUBLISH;
  if (length >= 5) frame.writeUInt32BE(number, 1);
  return frame;
}

function numberOf({ body }: Received): number {
  return body.readUInt32BE(0);
}

function isPiece(frame: Buffer): boolean {
  return frame[0] === OwnFrameType.piece;
}

describe("a frame", () => {
  test.each([1, 2, 150, WHOLE_MAX - 1, WHOLE_MAX])("of %i bytes travels whole", async (length) => {
    const pair = new ScriptedPair();
    const sent = numbered(7, length);
    expect(pair.side.link.sendMessage(sent, "a")).toBe(true);
    expect(await pair.frames()).toEqual([Buffer.from(sent)]);
  });

  test.each([WHOLE_MAX + 1, 2 * WHOLE_MAX, 500_000, LONGEST])(
    "of %i bytes arrives intact",
    async (length) => {
      const pair = new LinkPair();
      const sent = numbered(7, length);
      expect(pair.left.link.sendMessage(sent, "a")).toBe(true);
      await pair.line.settle();
      expect(pair.right.handler.frames).toHaveLength(1);
      const [frame] = pair.right.handler.frames;
      expect(frame?.type).toBe(PUBLISH);
      expect(frame?.body.equals(sent.subarray(1))).toBe(true);
      expect(pair.left.link.queuedBytes).toBe(0);
    },
  );

  test.each([0, LONGEST + 1])("of %i bytes is a mistake of the caller", (length) => {
    const pair = new LinkPair();
    expect(() => pair.left.link.sendMessage(new Uint8Array(length), "a")).toThrow("a frame has 1");
  });

  test("of control is never in pieces", () => {
    const { left } = new LinkPair();
    expect(() => left.link.sendControl(new Uint8Array(WHOLE_MAX + 1))).toThrow("a frame has 1");
    expect(() => left.link.sendControl(new Uint8Array(0))).toThrow("a frame has 1");
    left.link.sendControl(new Uint8Array(WHOLE_MAX));
    expect(left.handler.downs).toEqual([]);
  });

  test("may be changed once it was sent, if it is small", async () => {
    const pair = new LinkPair();
    const small = Buffer.from(numbered(2, 100));
    pair.line.right.reading = false;
    pair.left.link.sendMessage(numbered(1, 2 * MiB), "a");
    pair.left.link.sendMessage(small, "a");
    small.fill(0xff);
    pair.line.right.reading = true;
    await pair.line.settle();
    expect(pair.right.handler.frames.map(numberOf)).toEqual([1, 2]);
    expect(pair.right.handler.frames[1]?.body).toEqual(Buffer.from(numbered(2, 100).subarray(1)));
  });
});

describe("pieces", () => {
  test("say first, last and the length of the whole, with 64 KiB of it at most", async () => {
    const pair = new ScriptedPair();
    const sent = numbered(3, 200_000);
    pair.side.link.sendMessage(sent, "a");
    await pair.line.settle();
    await pair.send(credit(64 * KiB));
    const pieces = await pair.frames();
    expect(pieces.every(isPiece)).toBe(true);
    expect(pieces.map((piece) => piece[1])).toEqual([1, 0, 0, 2]);
    expect(pieces[0]?.readUInt32BE(2)).toBe(200_000);
    const bodies = pieces.map((piece, index) => piece.subarray(index === 0 ? 6 : 2));
    expect(bodies.every((body) => body.length >= 1 && body.length <= 64 * KiB)).toBe(true);
    expect(Buffer.concat(bodies).equals(sent)).toBe(true);
  });

  test("stop at 128 KiB until there is credit, and then at 512 KiB", async () => {
    const pair = new ScriptedPair({ capacity: 16 * MiB });
    pair.side.link.sendMessage(numbered(3, 4 * MiB), "a");
    expect(dataBytes(await pair.frames())).toBeLessThanOrEqual(128 * KiB);
    const first = dataBytes(await pair.frames());
    expect(first).toBeGreaterThan(120 * KiB);
    await pair.send(credit(first));
    const before = dataBytes(await pair.frames());
    expect(before - first).toBeLessThanOrEqual(512 * KiB);
    expect(before - first).toBeGreaterThan(440 * KiB);
    await pair.send(credit(200 * KiB));
    const after = dataBytes(await pair.frames());
    expect(after - before).toBeGreaterThan(128 * KiB);
    expect(after - first).toBeLessThanOrEqual(712 * KiB);
  });

  test("that are taken are told of", async () => {
    const pair = new ScriptedPair();
    const whole = numbered(3, 150_000);
    await pair.send(...piecesOf(whole, 50_000));
    const credits = (await pair.frames()).filter(([type]) => type === OwnFrameType.credit);
    expect(credits.map((frame) => frame.readUInt32BE(1))).toEqual([50_000, 50_000, 50_000]);
    expect(pair.side.handler.frames[0]?.body.equals(whole.subarray(1))).toBe(true);
  });

  test("of the smallest sizes are taken, too, and told of now and then", async () => {
    const pair = new ScriptedPair();
    const whole = numbered(3, 70_000);
    await pair.send(...piecesOf(whole, 7));
    expect(pair.side.handler.frames[0]?.body.equals(whole.subarray(1))).toBe(true);
    expect((await pair.frames()).length).toBeLessThan(4);
  });
});

describe("small frames", () => {
  test("pass a large one, and control frames and pings do", async () => {
    const pair = new LinkPair({ capacity: 64 * KiB });
    pair.left.link.sendMessage(numbered(1, 4 * MiB), "bulk");
    pair.left.link.sendMessage(numbered(2, 100), "chat");
    pair.left.link.sendControl(numbered(3, 100));
    await pair.line.settle();
    expect(pair.right.handler.frames.map(numberOf)).toEqual([2, 3, 1]);
  });

  test("wait behind little of a large one", async () => {
    const pair = new ScriptedPair({ capacity: 64 * KiB });
    pair.side.link.sendMessage(numbered(1, 8 * MiB), "bulk");
    pair.line.right.reading = false;
    await pair.line.settle();
    pair.side.link.sendMessage(numbered(2, 100), "chat");
    pair.line.right.reading = true;
    const frames = await pair.frames();
    const index = frames.findIndex((frame) => frame[0] === PUBLISH);
    expect(index).toBeGreaterThan(0);
    // What was between the ends, what the queue may hold, and a piece that was begun.
    expect(dataBytes(frames.slice(0, index))).toBeLessThan((64 + 128 + 64) * KiB);
  });

  test("that wait themselves are passed by pings, pongs and credit, and by nothing else", async () => {
    const pair = new ScriptedPair({ capacity: 64 * KiB });
    pair.line.right.reading = false;
    for (let number = 0; number < 1000; number += 1) {
      pair.side.link.sendMessage(numbered(number, KiB), "chat");
    }
    pair.side.link.sendControl(frameOf(0x23, new Uint8Array(9)));
    const probe = pair.side.link.probe(1000);
    const piece = frameOf(
      OwnFrameType.piece,
      Buffer.concat([Buffer.of(1, 0, 1, 0, 0), Buffer.alloc(40_000)]),
    );
    await pair.send(frameOf(OwnFrameType.ping, Buffer.alloc(8, 7)), piece);
    pair.line.right.reading = true;
    const frames = await pair.frames();
    const indexOf = (type: number) => frames.findIndex((frame) => frame[0] === type);
    // What was between the ends, and the block that was being written.
    const before = Math.max(indexOf(OwnFrameType.pong), indexOf(OwnFrameType.credit));
    expect(dataBytes(frames.slice(0, before))).toBeLessThan((64 + 128) * KiB);
    expect(indexOf(OwnFrameType.pong)).toBeGreaterThan(0);
    expect(indexOf(OwnFrameType.credit)).toBeGreaterThan(0);
    expect(indexOf(0x23)).toBe(frames.length - 1);
    const messages = frames.filter((frame) => frame[0] === PUBLISH);
    expect(messages.map((frame) => frame.readUInt32BE(1))).toEqual([...Array(1000).keys()]);
    await pair.send(frameOf(OwnFrameType.pong, (await pair.pings()).at(-1) ?? Buffer.alloc(0)));
    expect(await probe).toBe(true);
  });

  test("of the order of a large one stay behind it, and only those", async () => {
    const pair = new LinkPair({ capacity: 64 * KiB });
    const sizes = [2 * MiB, 50, 100_000, 60, 70];
    const orders = ["a", "a", "b", "a", "b"];
    sizes.forEach((size, index) => {
      pair.left.link.sendMessage(numbered(index, size), orders[index] ?? "");
    });
    pair.left.link.sendMessage(numbered(5, 10), "c");
    await pair.line.settle();
    expect(pair.right.handler.frames.map(numberOf)).toEqual([5, 0, 1, 2, 3, 4]);
    // The lane is empty again, so nothing waits any more.
    pair.left.link.sendMessage(numbered(6, 2 * MiB), "b");
    pair.left.link.sendMessage(numbered(7, 10), "a");
    await pair.line.settle();
    expect(pair.right.handler.frames.slice(6).map(numberOf)).toEqual([7, 6]);
  });
});

const frames = fc.array(
  fc.record({
    length: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 5, max: 300 }) },
      { weight: 1, arbitrary: fc.integer({ min: WHOLE_MAX - 2, max: WHOLE_MAX + 2 }) },
      { weight: 2, arbitrary: fc.integer({ min: WHOLE_MAX, max: 700_000 }) },
    ),
    order: fc.constantFrom("a", "b", "c"),
    // How much moves before the next one is sent.
    pumps: fc.constantFrom(0, 0, 0, 1, 5),
  }),
  { minLength: 1, maxLength: 24 },
);

test("whatever is sent, cut and passed, all arrives intact and in its order", async () => {
  await fc.assert(
    fc.asyncProperty(
      frames,
      fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 6 }),
      fc.constantFrom(20_000, 64 * KiB, 1 * MiB),
      async (sent, sizes, capacity) => {
        let turn = 0;
        const cuts = (): number => sizes[turn++ % sizes.length] ?? 1;
        const pair = new LinkPair({ capacity, cuts });
        for (const [index, { length, order, pumps }] of sent.entries()) {
          const { link } = pair.left;
          expect(link.sendMessage(numbered(index, length), order)).toBe(true);
          for (let pump = 0; pump < pumps; pump += 1) {
            await nextImmediate();
            pair.line.pump();
          }
        }
        await pair.line.settle();
        const arrived = pair.right.handler.frames;
        expect(arrived).toHaveLength(sent.length);
        for (const frame of arrived) {
          const number = numberOf(frame);
          const whole = numbered(number, sent[number]?.length ?? 0);
          expect(frame.body.equals(whole.subarray(1))).toBe(true);
        }
        for (const order of ["a", "b", "c"]) {
          const numbers = arrived.map(numberOf).filter((number) => sent[number]?.order === order);
          expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
        }
        expect(pair.left.link.queuedBytes).toBe(0);
        expect([...pair.left.handler.downs, ...pair.right.handler.downs]).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

test("byte by byte and run together is the same", async () => {
  const sent = [numbered(1, 40), numbered(2, 6), numbered(3, 66_000), numbered(4, 900)];
  for (const size of [1, 100_000_000]) {
    const pair = new LinkPair({ cuts: () => size });
    for (const frame of sent) pair.left.link.sendMessage(frame, "a");
    await pair.line.settle();
    expect(pair.right.handler.frames.map(numberOf)).toEqual([1, 2, 3, 4]);
  }
});

test("a payload as long as the queue may be is sent with its head, one at a time", async () => {
  const pair = new LinkPair({ limits: { meshQueueBytesMax: MiB, meshPayloadBytesMax: MiB } });
  pair.left.link.sendMessage(numbered(1, 200), "chat");
  expect(pair.left.link.sendMessage(numbered(2, MiB + 60_000), "bulk")).toBe(true);
  expect(pair.left.link.sendMessage(numbered(3, MiB + 12), "bulk")).toBe(false);
  await pair.line.settle();
  expect(pair.left.link.sendMessage(numbered(4, MiB + 12), "bulk")).toBe(true);
  await pair.line.settle();
  expect(pair.right.handler.frames.map(numberOf)).toEqual([1, 2, 4]);
});

describe("a peer that never reads", () => {
  const limits = { meshQueueBytesMax: 2 * MiB, meshHighWaterBytes: MiB };

  test("gets no more than the limit queued; the rest is dropped and counted", async () => {
    const pair = new LinkPair({ limits });
    pair.line.right.reading = false;
    const { link, handler } = pair.left;
    let taken = 0;
    for (let index = 0; index < 30_000; index += 1) {
      if (link.sendMessage(numbered(index, 1000), `order ${index % 50}`)) taken += 1;
      if (index % 100 === 0) await nextImmediate();
    }
    // A payload of 2 MiB has a head, too.
    expect(link.queuedBytes).toBeLessThanOrEqual(2 * MiB + 64 * KiB);
    expect(link.queuedBytes).toBeGreaterThan(2 * MiB + 64 * KiB - 2000);
    expect(link.counters.dropped).toBe(30_000 - taken);
    expect(handler.downs).toEqual([]);
    pair.line.right.reading = true;
    await pair.line.settle();
    expect(pair.right.handler.frames).toHaveLength(taken);
    expect(link.sendMessage(numbered(1, 1000), "a")).toBe(true);
  });

  test("and many of them get what is bounded together, while one that reads is served", async () => {
    const budget = new QueueBudget(4 * MiB);
    const deaf = Array.from({ length: 8 }, () => new LinkPair({ limits, budget }));
    const fine = new LinkPair({ limits, budget });
    for (const { line } of deaf) line.right.reading = false;
    for (let index = 0; index < 300; index += 1) {
      for (const { left } of deaf) left.link.sendMessage(numbered(index, 10_000), "a");
      expect(fine.left.link.sendMessage(numbered(index, 10_000), "a")).toBe(true);
      await fine.line.settle();
    }
    const queued = deaf.map(({ left }) => left.link.queuedBytes);
    const total = queued.reduce((sum, bytes) => sum + bytes, 0);
    // Each may have its high-water mark, and be behind with counting itself.
    expect(total).toBeLessThanOrEqual(8 * (MiB + 64 * KiB));
    for (const bytes of queued) expect(bytes).toBeGreaterThan(MiB - 11_000);
    expect(fine.right.handler.frames).toHaveLength(300);
    for (const { left } of deaf) left.link.close("enough");
    expect(budget.bytes).toBe(0);
    expect(budget.isFull).toBe(false);
  });

  test("costs no more for tiny frames that wait behind a large one", async () => {
    const pair = new LinkPair({ limits });
    pair.line.right.reading = false;
    const { link } = pair.left;
    link.sendMessage(numbered(0, MiB), "a");
    let taken = 0;
    while (link.sendMessage(frameOf(PUBLISH, new Uint8Array(1)), "a")) taken += 1;
    expect(taken).toBeGreaterThan(1000);
    expect(taken).toBeLessThan((2 * MiB) / 200);
    pair.line.right.reading = true;
    await pair.line.settle();
    expect(pair.right.handler.frames).toHaveLength(taken + 1);
    expect(link.queuedBytes).toBe(0);
  });

  test("still gets control frames, up to 1 MiB, and then is down", async () => {
    const pair = new LinkPair({ limits, capacity: 1000 });
    pair.line.right.reading = false;
    const { link, handler } = pair.left;
    while (link.sendMessage(numbered(1, 1000), "a"));
    let taken = 0;
    while (handler.downs.length === 0 && taken < 2000) {
      link.sendControl(numbered(1, 1000));
      taken += 1;
    }
    expect(taken).toBeGreaterThan(1000);
    expect(handler.downs).toEqual([
      { reason: "overflow", text: "more than 3211264 bytes waited for it" },
    ]);
    expect(link.queuedBytes).toBe(0);
    link.sendControl(numbered(1, 1000));
    expect(link.sendMessage(numbered(1, 1000), "a")).toBe(false);
    expect(handler.downs).toHaveLength(1);
  });

  test("and sends pings without end is down, too", async () => {
    const pair = new LinkPair({ limits, capacity: 1000 });
    const flood = new ScriptedPair({ limits, capacity: 64 * KiB });
    flood.line.right.reading = false;
    const pings = Array.from({ length: 2000 }, () => frameOf(OwnFrameType.ping, new Uint8Array(8)));
    for (let round = 0; round < 200 && flood.side.handler.downs.length === 0; round += 1) {
      await flood.send(...pings);
    }
    expect(flood.side.handler.downs).toMatchObject([{ reason: "overflow" }]);
    pair.left.link.sendMessage(numbered(1, 10), "a");
    await pair.line.settle();
    expect(pair.right.handler.frames).toHaveLength(1);
  });

  test("says when there is room again", async () => {
    const pair = new LinkPair({ limits });
    pair.line.right.reading = false;
    const { link } = pair.left;
    expect(link.hasRoom).toBe(true);
    await link.drained();
    while (link.hasRoom) link.sendMessage(numbered(1, 100_000), "a");
    let drained = 0;
    const waiting = [link.drained(), link.drained()].map((promise) =>
      promise.then(() => {
        drained += 1;
      }),
    );
    await pair.line.settle();
    expect(drained).toBe(0);
    pair.line.right.reading = true;
    await pair.line.settle();
    await Promise.all(waiting);
    expect(drained).toBe(2);
    expect(pair.left.link.hasRoom).toBe(true);
  });

  test("is not waited for once it is down", async () => {
    const pair = new LinkPair({ limits });
    pair.line.right.reading = false;
    const { link } = pair.left;
    while (link.hasRoom) link.sendMessage(numbered(1, 100_000), "a");
    const waiting = link.drained();
    link.close("enough");
    await waiting;
    await link.drained();
    expect(link.queuedBytes).toBeLessThan(MiB);
  });
});

test("counts frames, each large one once, and the bytes of the connection", async () => {
  const pair = new LinkPair();
  await pair.line.settle();
  const before = { ...pair.right.link.counters };
  pair.left.link.sendMessage(numbered(1, 100), "a");
  pair.left.link.sendMessage(numbered(2, 300_000), "a");
  pair.left.link.sendControl(numbered(3, 100));
  await pair.line.settle();
  const after = pair.right.link.counters;
  expect(after.framesIn - before.framesIn).toBe(3);
  expect(after.bytesIn - before.bytesIn).toBeGreaterThan(300_200);
  expect(after.bytesIn).toBe(pair.left.link.counters.bytesOut);
});

function dataBytes(frames: readonly Buffer[]): number {
  return frames
    .filter(isPiece)
    .reduce((sum, piece) => sum + piece.length - ((piece[1] ?? 0) & 1 ? 6 : 2), 0);
}

function credit(bytes: number): Uint8Array {
  const body = Buffer.alloc(4);
  body.writeUInt32BE(bytes);
  return frameOf(OwnFrameType.credit, body);
}

function piecesOf(whole: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at += size) {
    const head = Buffer.alloc(at === 0 ? 5 : 1);
    head[0] = (at === 0 ? 1 : 0) | (at + size >= whole.length ? 2 : 0);
    if (at === 0) head.writeUInt32BE(whole.length, 1);
    const body = Buffer.concat([head, whole.subarray(at, at + size)]);
    pieces.push(frameOf(OwnFrameType.piece, body));
  }
  return pieces;
}

async function nextImmediate(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
