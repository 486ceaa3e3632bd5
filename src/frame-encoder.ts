import { CcpError } from "./errors.ts";
import { DATA_BYTES_MAX, HEADER_BYTES } from "./protocol.ts";

/** Bytes of a message that are not its data: the length and the code. */
export const OVERHEAD_BYTES: number = HEADER_BYTES + 1;

/** Writes the length and the code of a message with `dataBytes` of data. [CCP-1.1] */
export function writeFrameHead(
  target: Uint8Array,
  offset: number,
  code: number,
  dataBytes: number,
): void {
  const length = dataBytes + 1;
  target[offset] = length >>> 16;
  target[offset + 1] = length >>> 8;
  target[offset + 2] = length;
  target[offset + 3] = code;
}

/**
 * One whole message.
 *
 * @throws {CcpError} `message_too_large` when `data` exceeds 16,777,214 bytes
 */
export function encodeFrame(code: number, data: Uint8Array = NO_DATA): Buffer {
  assertFits(data.length);
  const frame = Buffer.allocUnsafe(OVERHEAD_BYTES + data.length);
  writeFrameHead(frame, 0, code, data.length);
  frame.set(data, OVERHEAD_BYTES);
  return frame;
}

export const NO_DATA: Uint8Array = new Uint8Array(0);

/** @throws {CcpError} `message_too_large` */
export function assertFits(dataBytes: number): void {
  if (dataBytes > DATA_BYTES_MAX) {
    throw new CcpError(
      "message_too_large",
      `${dataBytes} bytes of data do not fit one message; the most is ${DATA_BYTES_MAX}. ` +
        "Send them in pieces.",
    );
  }
}

const UTF8 = new TextEncoder();

/**
 * What plugins may send: bytes as they are, a string as UTF-8.
 *
 * @throws {CcpError} `bad_data` for anything else, `message_too_large`
 */
export function toData(data: unknown): Uint8Array {
  const bytes = typeof data === "string" ? UTF8.encode(data) : data;
  if (!(bytes instanceof Uint8Array)) {
    throw new CcpError("bad_data", `only bytes or a string can be sent, not ${describe(data)}`);
  }
  assertFits(bytes.length);
  return bytes;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "undefined" ? "undefined" : `a value of type ${typeof value}`;
}
