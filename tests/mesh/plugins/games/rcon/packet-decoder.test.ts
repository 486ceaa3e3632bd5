import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { encodePackets } from "../../../../../mesh/plugins/games/rcon/packet.ts";
import {
  type BadPacket,
  PacketDecoder,
} from "../../../../../mesh/plugins/games/rcon/packet-decoder.ts";
import { rconPacket } from "../../../../helpers/games/rcon-server.ts";

interface Decoded {
  readonly packets: string[];
  readonly bad: BadPacket[];
}

function decode(chunks: readonly Buffer[], packetBytesMax = 4106): Decoded {
  const packets: string[] = [];
  const bad: BadPacket[] = [];
  const handler = {
    onPacket: ({ id, type, body }: { id: number; type: number; body: Uint8Array }) => {
      packets.push(`${id} ${type} ${Buffer.from(body).toString("utf8")}`);
    },
    onBadPacket: (why: BadPacket) => bad.push(why),
  };
  const decoder = new PacketDecoder(handler, packetBytesMax);
  for (const chunk of chunks) decoder.push(chunk);
  return { packets, bad };
}

function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

const THREE = Buffer.concat([
  rconPacket(1, 0, ""),
  rconPacket(-1, 2, ""),
  rconPacket(0x7f_ff_ff_ff, 0, "hostname: Äpfel"),
]);
const THREE_DECODED = ["1 0 ", "-1 2 ", "2147483647 0 hostname: Äpfel"];

test("takes packets that run together", () => {
  expect(decode([THREE])).toEqual({ packets: THREE_DECODED, bad: [] });
});

test("takes packets cut anywhere", () => {
  for (let length = 1; length < THREE.length; length++) {
    expect(decode(cut(THREE, [length]))).toEqual({ packets: THREE_DECODED, bad: [] });
  }
});

test("writes packets as the wire has them", () => {
  const body = Buffer.from("status");
  const wire = "1000000005000000020000007374617475730000";
  expect(Buffer.from(encodePackets([{ id: 5, type: 2, body }])).toString("hex")).toBe(wire);
  expect(rconPacket(5, 2, body).toString("hex")).toBe(wire);
});

test("stops at a length that no packet has, before what it claims arrives", () => {
  const lengths: readonly (readonly [number, BadPacket])[] = [
    [9, "too_short"],
    [0, "too_short"],
    [-1, "too_short"],
    [-0x80_00_00_00, "too_short"],
    [4107, "too_long"],
    [0x7f_ff_ff_ff, "too_long"],
  ];
  for (const [length, why] of lengths) {
    const head = Buffer.alloc(4);
    head.writeInt32LE(length);
    const bytes = Buffer.concat([rconPacket(3, 0, "before"), head, rconPacket(4, 0, "after")]);
    for (const chunks of [[bytes], cut(bytes, [1]), cut(bytes, [3])]) {
      expect(decode(chunks)).toEqual({ packets: ["3 0 before"], bad: [why] });
    }
  }
});

test("stops at a packet that does not end in two NULs", () => {
  for (const ending of [Buffer.from([0, 1]), Buffer.from([1, 0])]) {
    const packet = Buffer.concat([rconPacket(3, 0, "text").subarray(0, -2), ending]);
    expect(decode([packet, THREE])).toEqual({ packets: [], bad: ["not_terminated"] });
  }
});

test("takes a packet of the greatest length and keeps NULs within it", () => {
  const body = `\u0000${"x".repeat(4095)}`;
  const { packets, bad } = decode(cut(rconPacket(9, 0, body), [1000]));
  expect(bad).toEqual([]);
  expect(packets).toEqual([`9 0 ${body}`]);
});

test("answers the same however anything at all is cut", () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.integer(), fc.integer(), fc.string())
      .map(([id, type, body]) => rconPacket(id | 0, type | 0, body)),
  );
  const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), lengths, (parts, lengths) => {
      const bytes = Buffer.concat(parts);
      const whole = decode([bytes]);
      expect(decode(cut(bytes, lengths))).toEqual(whole);
      expect(whole.bad.length).toBeLessThanOrEqual(1);
    }),
  );
});
