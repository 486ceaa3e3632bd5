/** Messages on the wire, written and read apart from the library, so that its mistakes show. */

export interface Frame {
  readonly code: number;
  readonly data: Buffer;
}

export function frame(code: number, data: Uint8Array | string = ""): Buffer {
  const bytes = Buffer.from(data);
  const head = Buffer.alloc(4);
  head.writeUIntBE(bytes.length + 1, 0, 3);
  head.writeUInt8(code, 3);
  return Buffer.concat([head, bytes]);
}

/** The three bytes that claim a message of `length`. */
export function header(length: number): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntBE(length, 0, 3);
  return head;
}

/** The whole messages in `bytes`; what is left over or has no code is an error of the test. */
export function parseFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = bytes.readUIntBE(at, 3);
    const end = at + 3 + length;
    if (length === 0 || end > bytes.length) throw new Error(`no whole message at ${at}`);
    frames.push({ code: bytes.readUInt8(at + 3), data: bytes.subarray(at + 4, end) });
    at = end;
  }
  return frames;
}

/** `bytes` in pieces of the given sizes, taken round and round. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    // A copy, because a transport hands out chunks that are nobody else's.
    pieces.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return pieces;
}

/** Bytes that differ from place to place, so that a shift or a swap is seen. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let value = seed;
  for (let at = 0; at < length; at += 1) {
    value = (Math.imul(value, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
    bytes[at] = value >>> 16;
  }
  return bytes;
}
