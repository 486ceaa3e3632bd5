import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  type CarriedFrame,
  decodeCarried,
  decodeCheck,
  decodeNumber,
  decodePeers,
  decodeUnreachable,
  encodeCheck,
  encodeNumber,
  encodePeers,
  encodeRelay,
  encodeRelayed,
  encodeUnreachable,
  type ListedNode,
} from "../../../mesh/cluster/cluster-frames.ts";
import { LinkError } from "../../../mesh/link/link-error.ts";
import { encode } from "../../../src/index.ts";

const INSTANCE = "0123456789abcdef".repeat(2);
const NODE: ListedNode = {
  name: "surf",
  instance: INSTANCE,
  incarnation: 2 ** 53 - 1,
  address: { host: "surf.example", port: 28_080 },
};

type Decode<Body> = (chunk: Buffer, start: number, end: number) => Body;

/** Reads the body of a frame in the middle of a chunk, as it arrives. */
function readIn<Body>(decode: Decode<Body>, frame: Uint8Array): Body {
  const chunk = Buffer.concat([Buffer.from([1, 2, 3]), frame, Buffer.from([4, 5])]);
  return decode(chunk, 4, 3 + frame.length);
}

function error(act: () => unknown): unknown {
  try {
    return act();
  } catch (thrown) {
    return thrown;
  }
}

const instance = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => bytes.toHex());
const listed: fc.Arbitrary<ListedNode> = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/),
  instance,
  incarnation: fc.maxSafeNat(),
  address: fc.option(
    fc.record({
      host: fc.constantFrom("", "10.0.0.1", "::1", "surf.example", "a".repeat(60)),
      port: fc.integer({ min: 1, max: 65_535 }),
    }),
    { nil: undefined },
  ),
});

describe("peers", () => {
  test("arrive as they were sent, in frames of less than 64 KiB", () => {
    fc.assert(
      fc.property(
        fc.array(listed, { maxLength: 300 }),
        fc.array(instance, { maxLength: 300 }),
        (added, removed) => {
          const frames = encodePeers({ added, removed });
          expect(frames.length).toBeGreaterThan(0);
          for (const frame of frames) expect(frame.length).toBeLessThan(65_536);
          const read = frames.map((frame) => readIn(decodePeers, frame));
          expect(read.flatMap((peers) => peers.added)).toEqual(added);
          expect(read.flatMap((peers) => peers.removed)).toEqual(removed);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("of the longest names and hosts stay below 64 KiB", () => {
    const host = `${"a".repeat(63)}.`.repeat(3) + "a".repeat(61);
    const long = { ...NODE, name: "n".repeat(64), address: { host, port: 65_535 } };
    const added = Array.from({ length: 256 }, () => long);
    const removed = added.map(() => INSTANCE);
    for (const frame of encodePeers({ added, removed })) expect(frame.length).toBeLessThan(65_536);
  });

  const bytes = new Uint8Array(16);
  test.each([
    ["no array", {}],
    ["one element", [[]]],
    ["three elements", [[], [], []]],
    ["a short instance", [[["a", bytes.subarray(1), 1, null, null]], []]],
    ["a name with a line end", [[["a\n", bytes, 1, null, null]], []]],
    ["no name", [[["", bytes, 1, null, null]], []]],
    ["an incarnation below 0", [[["a", bytes, -1, null, null]], []]],
    ["half an incarnation", [[["a", bytes, 0.5, null, null]], []]],
    ["a host without a port", [[["a", bytes, 1, "b", null]], []]],
    ["a port without a host", [[["a", bytes, 1, null, 1]], []]],
    ["port 0", [[["a", bytes, 1, "b", 0]], []]],
    ["a host that is none", [[["a", bytes, 1, "a b", 1]], []]],
    ["a text where an instance is removed", [[], ["a"]]],
  ])("with %s cannot be read", (_, body) => {
    const frame = Buffer.concat([Buffer.from([0x10]), encode(body)]);
    expect(error(() => readIn(decodePeers, frame))).toBeInstanceOf(LinkError);
  });

  test("that are too many or nested are refused before they are decoded", () => {
    const claims = Buffer.concat([Buffer.from([0x10]), Buffer.alloc(60_000, 0x91)]);
    expect(error(() => readIn(decodePeers, claims))).toBeInstanceOf(LinkError);
    const long = Buffer.concat([Buffer.from([0x10]), encode([[], [new Uint8Array(70_000)]])]);
    expect(error(() => readIn(decodePeers, long))).toBeInstanceOf(LinkError);
  });
});

describe("the frames of fixed form", () => {
  test("arrive as they were sent", () => {
    expect(readIn(decodeCheck, encodeCheck(INSTANCE))).toBe(INSTANCE);
    expect(readIn(decodeUnreachable, encodeUnreachable(INSTANCE))).toBe(INSTANCE);
    expect(readIn(decodeNumber, encodeNumber("open", 0xffff_fffe))).toBe(0xffff_fffe);
  });

  test("are just these bytes", () => {
    expect(encodeNumber("open", 1).toHex()).toBe("2000000001");
    expect(encodeNumber("flush", 2).toHex()).toBe("2100000002");
    expect(encodeNumber("flushed", 3).toHex()).toBe("2200000003");
    expect(encodeCheck(INSTANCE).toHex()).toBe(`1791c410${INSTANCE}`);
    expect(encodeUnreachable(INSTANCE).toHex()).toBe(`16${INSTANCE}`);
    const frame = new Uint8Array([0x28, 7, 8]);
    const relay = encodeRelay(Uint8Array.fromHex(INSTANCE), frame);
    expect(relay.toHex()).toBe(`15${INSTANCE}280708`);
    const carried: CarriedFrame = readIn(decodeCarried, relay);
    expect(carried).toMatchObject({ instance: INSTANCE, type: 0x28 });
    const source = new Uint8Array(16).fill(0xaa);
    expect(encodeRelayed(source, carried).toHex()).toBe(`18${"aa".repeat(16)}280708`);
  });

  test.each([0, 1, 15, 16])("carried in %d bytes are nothing", (length) => {
    const frame = new Uint8Array(1 + length).fill(0x30);
    expect(error(() => readIn(decodeCarried, frame))).toBeInstanceOf(LinkError);
  });

  test.each([0x00, 0x05, 0x10, 0x15, 0x18, 0x1f])("type %d is not carried", (type) => {
    const relay = encodeRelay(new Uint8Array(16), new Uint8Array([type]));
    expect(error(() => readIn(decodeCarried, relay))).toBeInstanceOf(LinkError);
  });
});

test("whatever arrives is read, or is a LinkError", () => {
  const decoders: readonly Decode<unknown>[] = [
    decodePeers,
    decodeCheck,
    decodeNumber,
    decodeUnreachable,
    decodeCarried,
  ];
  const whole = encodePeers({ added: [NODE, NODE], removed: [INSTANCE] })[0] ?? new Uint8Array();
  const mutated = fc
    .tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length))
    .map(([at, byte, end]) => {
      const frame = new Uint8Array(whole);
      frame[at] = byte;
      return frame.subarray(0, Math.max(1, end));
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ minLength: 1, maxLength: 200 })), (frame) => {
      for (const decode of decoders) {
        const thrown = error(() => readIn(decode, frame));
        if (thrown instanceof Error) expect(thrown).toBeInstanceOf(LinkError);
      }
    }),
    { numRuns: 2000 },
  );
});
