/** Frames of a link that are nearly right. */

import { encode } from "@msgpack/msgpack";
import { seededRandom } from "./seeded-random.ts";
import {
  FrameType,
  numbered,
  opening,
  packed,
  piece,
  publish,
  request,
  want,
} from "./mesh-frames.ts";

/** Nothing in them leads to another machine, whatever becomes of it: no node can be dialled. */
const VALID: readonly Buffer[] = [
  ...opening(),
  want("a.b", "beat.*"),
  packed(FrameType.offer, [1, ["echo", "time"]]),
  packed(FrameType.presence, [{ game: "x", players: 3 }]),
  packed(FrameType.peers, [[["carl", Buffer.alloc(16, 3), 5, null, null]], []]),
  publish("beat.insider", Buffer.from("x")),
  request(1, "echo", Buffer.from("y")),
  Buffer.concat([Buffer.of(FrameType.reply), Buffer.alloc(6)]),
  numbered(FrameType.cancel, 1),
  numbered(FrameType.credit, 1),
  Buffer.concat([Buffer.of(FrameType.ping), Buffer.alloc(8)]),
  Buffer.concat([Buffer.of(FrameType.relay), Buffer.alloc(16, 2), publish("a", Buffer.alloc(3))]),
  Buffer.concat([Buffer.of(FrameType.relayed), Buffer.alloc(16, 2), ...opening()]),
  Buffer.concat([Buffer.of(FrameType.unreachable), Buffer.alloc(16, 2)]),
  packed(FrameType.check, [Buffer.alloc(16, 2)]),
  numbered(FrameType.flush, 4),
  piece(1, Buffer.alloc(70), 100_000),
  packed(FrameType.want, [0, [["a.b", null]]]),
  Buffer.concat([Buffer.of(FrameType.presence), encode([{ deep: [[[[[[{}]]]]]] }])]),
];

/** One after the other, the same ones for the same seed. */
export function mutations(seed: number): () => Buffer {
  const random = seededRandom(seed);
  const below = (count: number): number => Math.floor(random() * count);
  return () => {
    const bytes = Buffer.from(VALID[below(VALID.length)] ?? Buffer.of(0));
    for (let left = below(4); left > 0; left -= 1) bytes[below(bytes.length)] = below(256);
    return random() < 0.2 ? bytes.subarray(0, 1 + below(bytes.length)) : bytes;
  };
}
