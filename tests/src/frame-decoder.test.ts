import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ByteBudget } from "../../src/byte-budget.ts";
import { FrameDecoder, type FrameHandler, NO_CODE } from "../../src/frame-decoder.ts";
import { cut, frame, header, pattern } from "../helpers/frames.ts";

const MAX = 0xff_ff_ff;

/** Notes what is decoded; the test may act from within a message. */
class Recorder implements FrameHandler {
  readonly frames: string[] = [];
  readonly oversize: number[] = [];
  exhausted = 0;
  during: ((index: number) => void) | undefined;

  onFrame(code: number, chunk: Buffer, start: number, end: number): void {
    this.frames.push(`${code}:${chunk.toString("latin1", start, end)}`);
    this.during?.(this.frames.length - 1);
  }

  onOversize(claimedBytes: number): void {
    this.oversize.push(claimedBytes);
  }

  onMemoryExhausted(): boolean {
    this.exhausted += 1;
    return false;
  }
}

function setUp(bytesMax = MAX, budgetBytes = 1 << 30) {
  const recorder = new Recorder();
  const budget = new ByteBudget(budgetBytes);
  return { recorder, budget, decoder: new FrameDecoder(recorder, bytesMax, budget) };
}

const SHAPES: Readonly<Record<string, Buffer>> = {
  start: frame(1, "echo"),
  "data without data": frame(5),
  end: frame(0x0a),
  "a message of length 0": header(0),
  "an unknown code": frame(0xfe, "?"),
  "data of 300 bytes": frame(5, pattern(300)),
};

function textOf(wire: Buffer): string {
  if (wire.length === 3) return `${NO_CODE}:`;
  return `${wire.readUInt8(3)}:${wire.toString("latin1", 4)}`;
}

describe.each(Object.entries(SHAPES))("%s", (_name, wire) => {
  const next = frame(5, "next");

  test("is decoded whole", () => {
    const { recorder, decoder, budget } = setUp();
    decoder.push(wire);
    expect(recorder.frames).toEqual([textOf(wire)]);
    expect(budget.bytes).toBe(0);
  });

  test("is decoded byte by byte", () => {
    const { recorder, decoder, budget } = setUp();
    cut(wire, [1]).forEach((byte) => decoder.push(byte));
    expect(recorder.frames).toEqual([textOf(wire)]);
    expect(budget.bytes).toBe(0);
  });

  test("is decoded when it runs into the next", () => {
    const { recorder, decoder } = setUp();
    decoder.push(Buffer.concat([wire, next]));
    expect(recorder.frames).toEqual([textOf(wire), "5:next"]);
  });

  test("is decoded with the next when cut anywhere in two or three", () => {
    const both = Buffer.concat([wire, next]);
    for (let first = 0; first <= both.length; first += 1) {
      const seconds = both.length > 100 ? [first] : [first, first + 1, first + 2];
      for (const second of seconds) {
        const { recorder, decoder, budget } = setUp();
        decoder.push(Buffer.from(both.subarray(0, first)));
        decoder.push(Buffer.from(both.subarray(first, second)));
        decoder.push(Buffer.from(both.subarray(second)));
        expect(recorder.frames).toEqual([textOf(wire), "5:next"]);
        expect(budget.bytes).toBe(0);
      }
    }
  });
});

describe("pausing", () => {
  const four = Buffer.concat([frame(5, "a"), frame(5, "b"), frame(5, "c"), frame(5, "d")]);

  test("from within a message holds what follows it until resumed", () => {
    const { recorder, decoder, budget } = setUp();
    recorder.during = () => decoder.pause();
    decoder.push(four);
    expect(recorder.frames).toEqual(["5:a"]);
    // What is left of the chunk keeps all of it in memory.
    expect(decoder.heldBytes).toBe(four.length);
    expect(budget.bytes).toBe(four.length);
    decoder.resume();
    expect(recorder.frames).toEqual(["5:a", "5:b"]);
    decoder.resume();
    decoder.resume();
    expect(recorder.frames).toEqual(["5:a", "5:b", "5:c", "5:d"]);
    expect(decoder.heldBytes).toBe(0);
    expect(budget.bytes).toBe(0);
  });

  test("from outside holds all, in order", () => {
    const { recorder, decoder, budget } = setUp();
    decoder.pause();
    for (const piece of cut(four, [3])) decoder.push(piece);
    expect(recorder.frames).toEqual([]);
    expect(decoder.heldBytes).toBe(four.length);
    decoder.resume();
    expect(recorder.frames).toEqual(["5:a", "5:b", "5:c", "5:d"]);
    expect(budget.bytes).toBe(0);
  });

  test("and resuming from within a message changes nothing", () => {
    const { recorder, decoder } = setUp();
    recorder.during = () => {
      decoder.pause();
      decoder.resume();
    };
    decoder.push(four);
    expect(recorder.frames).toEqual(["5:a", "5:b", "5:c", "5:d"]);
  });

  test("leaves a message that has not arrived whole as it is", () => {
    const { recorder, decoder } = setUp();
    decoder.push(four.subarray(0, 4));
    decoder.pause();
    decoder.push(four.subarray(4));
    decoder.resume();
    expect(recorder.frames).toEqual(["5:a", "5:b", "5:c", "5:d"]);
  });

  test("shows whether a chunk is being decoded", () => {
    const { recorder, decoder } = setUp();
    const seen: boolean[] = [];
    recorder.during = () => seen.push(decoder.busy);
    decoder.push(four);
    expect(seen).toEqual([true, true, true, true]);
    expect(decoder.busy).toBe(false);
  });
});

describe("a push from within a message", () => {
  test("is decoded after the rest of the chunk", () => {
    const { recorder, decoder, budget } = setUp();
    recorder.during = (index) => {
      if (index === 0) decoder.push(frame(5, "later"));
    };
    decoder.push(Buffer.concat([frame(5, "a"), frame(5, "b")]));
    expect(recorder.frames).toEqual(["5:a", "5:b", "5:later"]);
    expect(budget.bytes).toBe(0);
  });

  test("stays behind the rest of the chunk when paused as well", () => {
    const { recorder, decoder } = setUp();
    recorder.during = (index) => {
      if (index > 0) return;
      decoder.push(frame(5, "later"));
      decoder.pause();
    };
    decoder.push(Buffer.concat([frame(5, "a"), frame(5, "b")]));
    expect(recorder.frames).toEqual(["5:a"]);
    decoder.resume();
    expect(recorder.frames).toEqual(["5:a", "5:b", "5:later"]);
  });
});

describe("stopping", () => {
  test("from within a message forgets the rest and gives everything back", () => {
    const { recorder, decoder, budget } = setUp();
    recorder.during = () => decoder.stop();
    decoder.push(Buffer.concat([frame(5, "a"), frame(5, "b")]));
    decoder.push(frame(5, "c"));
    decoder.resume();
    expect(recorder.frames).toEqual(["5:a"]);
    expect(budget.bytes).toBe(0);
  });

  test("from outside gives back a partial message and what is held", () => {
    const { decoder, budget } = setUp();
    decoder.push(Buffer.concat([header(1000), Buffer.alloc(10)]));
    decoder.pause();
    decoder.push(Buffer.alloc(500));
    expect(budget.bytes).toBe(1500);
    decoder.stop();
    expect(budget.bytes).toBe(0);
    expect(decoder.heldBytes).toBe(0);
    expect(decoder.partialSerial).toBe(0);
  });
});

describe("length", () => {
  test("above the bound stops the decoder before a byte of it is buffered", () => {
    const { recorder, decoder, budget } = setUp(16);
    decoder.push(Buffer.concat([frame(5, "fits"), header(17), pattern(17), frame(5, "after")]));
    expect(recorder.frames).toEqual(["5:fits"]);
    expect(recorder.oversize).toEqual([17]);
    expect(budget.bytes).toBe(0);
  });

  test("above the bound is found byte by byte as well", () => {
    const { recorder, decoder } = setUp(16);
    cut(header(17), [1]).forEach((byte) => decoder.push(byte));
    expect(recorder.oversize).toEqual([17]);
  });

  test("at the bound is accepted, and the bound may change from within a message", () => {
    const { recorder, decoder } = setUp(16);
    recorder.during = () => {
      decoder.bytesMax = 100;
    };
    decoder.push(Buffer.concat([frame(1, "x".repeat(15)), frame(5, "y".repeat(99))]));
    expect(recorder.frames.length).toBe(2);
    expect(recorder.oversize).toEqual([]);
  });

  test.each([1, 4096, 65_536, 524_288])(
    "of 16,777,215 bytes arrives intact in chunks of %i bytes",
    (chunkBytes) => {
      const data = pattern(MAX - 1);
      const budget = new ByteBudget(1 << 26);
      let received: Buffer | undefined;
      const decoder = new FrameDecoder(
        {
          onFrame: (_code, chunk, start, end) => {
            received = chunk.subarray(start, end);
          },
          onOversize: () => {},
          onMemoryExhausted: () => false,
        },
        MAX,
        budget,
      );
      const wire = frame(5, data);
      for (let at = 0; at < wire.length; at += chunkBytes) {
        decoder.push(wire.subarray(at, at + chunkBytes));
      }
      expect(received?.equals(data)).toBe(true);
      expect(budget.bytes).toBe(0);
    },
  );
});

describe("memory", () => {
  test("for a header that claims 16 MiB is 64 KiB until the bytes arrive", () => {
    const { decoder, budget } = setUp();
    decoder.push(header(MAX));
    expect(budget.bytes).toBe(65_536);
    decoder.push(Buffer.alloc(65_536));
    expect(budget.bytes).toBe(65_536);
    decoder.push(Buffer.alloc(1));
    expect(budget.bytes).toBe(131_072);
  });

  test("for a partial message is at most twice what has arrived, or 64 KiB", () => {
    const { decoder, budget } = setUp();
    decoder.push(header(MAX));
    for (let arrived = 0; arrived < 4_000_000; arrived += 50_000) {
      decoder.push(Buffer.alloc(50_000));
      expect(budget.bytes).toBeLessThanOrEqual(Math.max(65_536, 2 * (arrived + 50_000)));
    }
  });

  test("that the budget does not have stops the decoder and is told once", () => {
    const { recorder, decoder, budget } = setUp(MAX, 100_000);
    decoder.push(header(MAX));
    for (let count = 0; count < 10; count += 1) decoder.push(Buffer.alloc(50_000));
    expect(recorder.exhausted).toBe(1);
    expect(budget.bytes).toBe(0);
    expect(recorder.frames).toEqual([]);
  });

  test("that the budget does not have for what is held stops the decoder too", () => {
    const { recorder, decoder, budget } = setUp(MAX, 10);
    decoder.pause();
    decoder.push(Buffer.alloc(11));
    expect(recorder.exhausted).toBe(1);
    expect(budget.bytes).toBe(0);
  });
});

describe("the number of the message in part", () => {
  test("stays the same until it is whole, and differs from the next one's", () => {
    const { decoder } = setUp();
    expect(decoder.partialSerial).toBe(0);
    const wire = frame(5, "abcdef");
    const serials = cut(wire, [1]).map((byte) => {
      decoder.push(byte);
      return decoder.partialSerial;
    });
    expect(new Set(serials.slice(0, -1)).size).toBe(1);
    expect(serials[0]).toBeGreaterThan(0);
    expect(serials.at(-1)).toBe(0);
    decoder.push(wire.subarray(0, 2));
    expect(decoder.partialSerial).not.toBe(serials[0] ?? 0);
  });
});

describe("properties", () => {
  const frames = fc.array(
    fc.oneof(
      fc.constant(header(0)),
      fc
        .tuple(fc.nat({ max: 255 }), fc.nat({ max: 40 }), fc.nat())
        .map(([code, bytes, seed]) => frame(code, pattern(bytes, seed))),
      fc.nat({ max: 3000 }).map((bytes) => frame(5, pattern(bytes))),
    ),
    { maxLength: 12 },
  );
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 900 })),
    {
      minLength: 1,
      maxLength: 8,
    },
  );

  test("any messages, cut and paused anyhow, are decoded the same", () => {
    const during = fc.array(fc.constantFrom("none", "pause", "both", "push"), { minLength: 1 });
    fc.assert(
      fc.property(frames, sizes, during, (wires, sizes, actions) => {
        const { recorder, decoder, budget } = setUp();
        const pushed = frame(7, "from within");
        let pushes = 0;
        recorder.during = (index) => {
          const action = actions[index % actions.length];
          if (action === "pause" || action === "both") decoder.pause();
          if (action === "both") decoder.resume();
          if (action === "push" && index === 0) {
            pushes += 1;
            decoder.push(pushed);
          }
        };
        // One that may push goes whole, so that what it pushes falls between two messages.
        const whole = Buffer.concat(wires);
        const pieces = actions.includes("push") ? [whole] : cut(whole, sizes);
        for (const piece of pieces) decoder.push(piece);
        while (decoder.paused) decoder.resume();
        expect(recorder.frames).toEqual([
          ...wires.map(textOf),
          ...Array.from({ length: pushes }, () => "7:from within"),
        ]);
        expect(decoder.heldBytes).toBe(0);
        expect(budget.bytes).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });

  test("random bytes never throw, never exceed the budget, and cost nothing once stopped", () => {
    const bytesMax = fc.constantFrom(16, 300, 70_000, MAX);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), bytesMax, (chunks, bytesMax) => {
        const { recorder, decoder, budget } = setUp(bytesMax, 80_000);
        recorder.during = (index) => {
          if (index % 3 === 0) decoder.pause();
        };
        for (const chunk of chunks) {
          decoder.push(Buffer.from(chunk));
          expect(budget.bytes).toBeLessThanOrEqual(80_000);
          if (chunk.length % 2 === 0) decoder.resume();
        }
        decoder.stop();
        expect(budget.bytes).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });
});
