import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { FrameDecoder } from "../../../../../mesh/plugins/games/openttd/frame-decoder.ts";
import { cut, pattern } from "../../../../helpers/frames.ts";
import { serverPacket } from "../../../../helpers/games/openttd-packets.ts";

function setUp() {
  const packets: string[] = [];
  const decoder = new FrameDecoder((type, body) => {
    packets.push(`${type}:${body.toString("latin1")}`);
  });
  return { packets, decoder };
}

function longest(): Buffer {
  const packet = Buffer.concat([Buffer.from([0xff, 0x7f, 119]), pattern(32_764)]);
  return packet;
}

const SHAPES: Readonly<Record<string, Buffer>> = {
  "a packet without a body": serverPacket(106),
  "a packet of one byte": serverPacket(102, 10),
  "a packet with text": serverPacket(120, { u16: 1 }, "hello"),
  "the longest packet": longest(),
};

function textOf(packet: Buffer): string {
  return `${packet.readUInt8(2)}:${packet.toString("latin1", 3)}`;
}

describe.each(Object.entries(SHAPES))("%s", (_name, packet) => {
  const next = serverPacket(126, { u32: 7 });

  test("is decoded whole", () => {
    const { packets, decoder } = setUp();
    decoder.push(packet);
    expect(packets).toEqual([textOf(packet)]);
  });

  test("is decoded when it runs into the next, cut anywhere", () => {
    const both = Buffer.concat([packet, next]);
    const cuts = both.length < 100 ? both.length : 8;
    for (let at = 0; at <= cuts; at += 1) {
      const { packets, decoder } = setUp();
      decoder.push(Buffer.from(both.subarray(0, at)));
      decoder.push(Buffer.from(both.subarray(at)));
      expect(packets).toEqual([textOf(packet), textOf(next)]);
    }
  });
});

test("packets are decoded byte by byte", () => {
  const { packets, decoder } = setUp();
  const all = [serverPacket(106), serverPacket(120, { u16: 1 }, "hello"), serverPacket(102, 1)];
  for (const piece of cut(Buffer.concat(all), [1])) decoder.push(piece);
  expect(packets).toEqual(all.map(textOf));
});

test("packets are decoded however they are cut", () => {
  const packet = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.string({ maxLength: 50 }))
    .map(([type, text]) => serverPacket(type, text));
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 10 }), sizes, (sent, cuts) => {
      const { packets, decoder } = setUp();
      for (const piece of cut(Buffer.concat(sent), cuts)) decoder.push(piece);
      expect(packets).toEqual(sent.map(textOf));
    }),
  );
});

test.each([0, 1, 2, 32_768, 65_535])(
  "a length of %d is refused, and nothing is decoded any more",
  (length) => {
    for (const size of [1, 100]) {
      const { packets, decoder } = setUp();
      decoder.push(serverPacket(106));
      const head = Buffer.alloc(3);
      head.writeUInt16LE(length);
      const push = (): void => {
        for (const piece of cut(Buffer.concat([head, pattern(20)]), [size])) decoder.push(piece);
      };
      expect(push).toThrow(`a length of ${length} bytes`);
      decoder.push(serverPacket(106));
      expect(packets).toEqual(["106:"]);
    }
  },
);

test("a decoder that is stopped from within tells of no further packet", () => {
  for (const size of [1, 100]) {
    const types: number[] = [];
    const decoder: FrameDecoder = new FrameDecoder((type) => {
      types.push(type);
      decoder.stop();
    });
    const bytes = Buffer.concat([serverPacket(106), serverPacket(105)]);
    for (const piece of cut(bytes, [size])) decoder.push(piece);
    expect(types).toEqual([106]);
  }
});
