/**
 * Bytes in, packets out. A packet is two bytes of length, little-endian and counted with these, a byte of
 * type, and its body. The decoder knows no socket.
 */

import { FRAME_BYTES_MAX } from "./limits.ts";
import { OpenttdError } from "./openttd-error.ts";

const LENGTH_BYTES = 2;
const HEADER_BYTES = 3;

/** The body may be kept, at the cost of the chunk it arrived in. */
export type PacketHandler = (type: number, body: Buffer) => void;

export class FrameDecoder {
  readonly #onPacket: PacketHandler;
  /** A packet that did not arrive whole; never longer than one may be. */
  #rest: Buffer = Buffer.alloc(0);
  #stopped = false;

  constructor(onPacket: PacketHandler) {
    this.#onPacket = onPacket;
  }

  /** @throws {OpenttdError} `protocol_error`; the decoder has stopped */
  push(chunk: Buffer): void {
    let bytes = chunk;
    // Only as much is put together as the one packet needs.
    while (this.#rest.length > 0 && bytes.length > 0 && !this.#stopped) {
      const missing = this.#missing();
      this.#rest = Buffer.concat([this.#rest, bytes.subarray(0, missing)]);
      bytes = bytes.subarray(missing);
      if (
        this.#rest.length >= HEADER_BYTES &&
        this.#rest.length === this.#lengthAt(this.#rest, 0)
      ) {
        const whole = this.#rest;
        this.#rest = Buffer.alloc(0);
        this.#emit(whole);
      }
    }
    if (!this.#stopped) this.#walk(bytes);
  }

  /** Forgets everything; no packet is told of any more. */
  stop(): void {
    this.#stopped = true;
    this.#rest = Buffer.alloc(0);
  }

  #walk(bytes: Buffer): void {
    let at = 0;
    while (!this.#stopped && bytes.length - at >= LENGTH_BYTES) {
      const end = at + this.#lengthAt(bytes, at);
      if (end > bytes.length) break;
      this.#emit(bytes.subarray(at, end));
      at = end;
    }
    // A copy, so that it does not keep the chunk.
    if (!this.#stopped && at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
  }

  /** How many bytes the packet in `rest` lacks, or its length does. */
  #missing(): number {
    if (this.#rest.length < LENGTH_BYTES) return LENGTH_BYTES - this.#rest.length;
    return this.#lengthAt(this.#rest, 0) - this.#rest.length;
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length = bytes.readUInt16LE(at);
    if (length >= HEADER_BYTES && length <= FRAME_BYTES_MAX) return length;
    this.stop();
    throw new OpenttdError(
      "protocol_error",
      `a packet claims a length of ${length} bytes; is this the admin port of an OpenTTD server?`,
    );
  }

  #emit(packet: Buffer): void {
    this.#onPacket(packet.readUInt8(LENGTH_BYTES), packet.subarray(HEADER_BYTES));
  }
}
