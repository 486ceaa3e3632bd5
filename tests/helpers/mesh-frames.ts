/** Frames of a link that is up, written apart from the project, so that its mistakes show. [MESH-1.10] */

import { encode } from "@msgpack/msgpack";

export const FrameType = {
  refused: 0x05,
  gone: 0x06,
  peers: 0x10,
  ping: 0x11,
  pong: 0x12,
  piece: 0x13,
  credit: 0x14,
  relay: 0x15,
  unreachable: 0x16,
  check: 0x17,
  relayed: 0x18,
  open: 0x20,
  flush: 0x21,
  flushed: 0x22,
  want: 0x23,
  offer: 0x24,
  presence: 0x25,
  ready: 0x26,
  publish: 0x28,
  request: 0x29,
  reply: 0x2a,
  cancel: 0x2b,
} as const;

export function packed(type: number, body: unknown): Buffer {
  return Buffer.concat([Buffer.of(type), encode(body)]);
}

export function numbered(type: number, ...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(1 + numbers.length * 4);
  bytes[0] = type;
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, 1 + index * 4);
  return bytes;
}

/** [MESH-6.1]: nothing wanted, offered or said. */
export function opening(serial = 1): Buffer[] {
  return [numbered(FrameType.open, serial), Buffer.of(FrameType.ready)];
}

/** [MESH-6.2] */
export function want(...patterns: readonly string[]): Buffer {
  return packed(FrameType.want, [1, patterns.map((pattern) => [pattern, null])]);
}

/** Raw bytes, for subscribers in no group. [MESH-7.2] */
export function publish(topic: string, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(FrameType.publish, 0), text(topic), Buffer.of(0), payload]);
}

/** With a payload of raw bytes. [MESH-7.3] */
export function request(id: number, service: string, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt8(FrameType.request, 0);
  head.writeUInt32BE(id, 1);
  head.writeUInt8(0, 5);
  head.writeUInt32BE(5000, 6);
  return Buffer.concat([head, text(service), payload]);
}

/** [MESH-4.1] */
export function piece(flags: number, bytes: Uint8Array, wholeLength?: number): Buffer {
  const length = Buffer.alloc(wholeLength === undefined ? 0 : 4);
  if (wholeLength !== undefined) length.writeUInt32BE(wholeLength);
  return Buffer.concat([Buffer.of(FrameType.piece, flags), length, bytes]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
