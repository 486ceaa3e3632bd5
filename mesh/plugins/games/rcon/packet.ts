/** int32 length of what follows, int32 id, int32 type, body, NUL, NUL; all little-endian. */

export const LENGTH_BYTES = 4;
/** What the length of a packet with an empty body counts: id, type and two NULs. */
export const PACKET_BYTES_MIN = 10;

const ID_OFFSET = LENGTH_BYTES;
const TYPE_OFFSET = 8;
const BODY_OFFSET = 12;

export const PacketType = {
  /** A part of a reply; also the empty packet that marks its end. */
  response: 0,
  /** To the server, a command. */
  command: 2,
  /** From the server, whether it took the password. The same number as a command's. */
  loginResponse: 2,
  login: 3,
} as const;

/** The id of a login response that refuses. */
export const REFUSED_ID = -1;

export interface Packet {
  readonly id: number;
  readonly type: number;
  /** Valid until the call it was handed to returns. */
  readonly body: Uint8Array;
}

/** Packets behind one another, to be written at once. */
export function encodePackets(packets: readonly Packet[]): Uint8Array {
  let length = 0;
  for (const { body } of packets) length += LENGTH_BYTES + PACKET_BYTES_MIN + body.length;
  const bytes = Buffer.alloc(length);
  let at = 0;
  for (const { id, type, body } of packets) {
    bytes.writeInt32LE(PACKET_BYTES_MIN + body.length, at);
    bytes.writeInt32LE(id, at + ID_OFFSET);
    bytes.writeInt32LE(type, at + TYPE_OFFSET);
    bytes.set(body, at + BODY_OFFSET);
    at += LENGTH_BYTES + PACKET_BYTES_MIN + body.length;
  }
  return bytes;
}

/** The packet whose length begins at `start` and that ends at `end`; undefined where no NULs end it. */
export function readPacket(bytes: Buffer, start: number, end: number): Packet | undefined {
  if (bytes[end - 1] !== 0 || bytes[end - 2] !== 0) return undefined;
  return {
    id: bytes.readInt32LE(start + ID_OFFSET),
    type: bytes.readInt32LE(start + TYPE_OFFSET),
    body: bytes.subarray(start + BODY_OFFSET, end - 2),
  };
}
