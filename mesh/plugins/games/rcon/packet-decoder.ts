import { ByteRoom } from "./byte-room.ts";
import { LENGTH_BYTES, type Packet, PACKET_BYTES_MIN, readPacket } from "./packet.ts";

export type BadPacket = "too_short" | "too_long" | "not_terminated";

export interface PacketHandler {
  onPacket(packet: Packet): void;
  /** What comes is no packet. The decoder has stopped. */
  onBadPacket(why: BadPacket): void;
}

/** Bytes in, packets out; knows no socket. */
export class PacketDecoder {
  /** The longest packet taken, as its length says it; may change between packets. */
  packetBytesMax: number;

  readonly #handler: PacketHandler;
  /** A packet that has not arrived whole. */
  readonly #partial: ByteRoom = new ByteRoom();
  #stopped = false;

  constructor(handler: PacketHandler, packetBytesMax: number) {
    this.#handler = handler;
    this.packetBytesMax = packetBytesMax;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#isStopped()) {
      at = this.#partial.length === 0 ? this.#walk(chunk, at) : this.#fill(chunk, at);
    }
  }

  /** Forgets everything; nothing is decoded any more. */
  stop(): void {
    this.#stopped = true;
    this.#partial.clear();
  }

  /** Takes the packet that begins at `at`, in place if it is whole; answers the offset behind it. */
  #walk(chunk: Buffer, at: number): number {
    const end = this.#endOf(chunk, at);
    if (end === undefined) return chunk.length;
    if (end > chunk.length) {
      this.#partial.add(chunk.subarray(at));
      return chunk.length;
    }
    this.#emit(chunk, at, end);
    return end;
  }

  /** Adds to the partial packet what belongs to it; answers the offset behind that. */
  #fill(chunk: Buffer, at: number): number {
    const end = this.#endOf(this.#partial.content, 0);
    if (end === undefined) return chunk.length;
    const missing = end - this.#partial.length;
    const upTo = Math.min(chunk.length, at + missing);
    this.#partial.add(chunk.subarray(at, upTo));
    // Where only the length was missing, it is looked at before any more is kept.
    if (this.#partial.length < end) return upTo;
    const whole = this.#endOf(this.#partial.content, 0);
    if (whole === undefined) return chunk.length;
    if (whole > this.#partial.length) return upTo;
    const packet = this.#partial.content;
    this.#partial.clear();
    this.#emit(packet, 0, whole);
    return upTo;
  }

  /** Where the packet ends that begins at `at`, or its length does while that is not whole. */
  #endOf(bytes: Buffer, at: number): number | undefined {
    if (bytes.length - at < LENGTH_BYTES) return at + LENGTH_BYTES;
    const length = bytes.readInt32LE(at);
    if (length < PACKET_BYTES_MIN) return this.#fail("too_short");
    if (length > this.packetBytesMax) return this.#fail("too_long");
    return at + LENGTH_BYTES + length;
  }

  #emit(bytes: Buffer, start: number, end: number): void {
    const packet = readPacket(bytes, start, end);
    if (packet === undefined) this.#fail("not_terminated");
    else this.#handler.onPacket(packet);
  }

  #fail(why: BadPacket): undefined {
    this.stop();
    this.#handler.onBadPacket(why);
  }

  // A method, because the compiler does not expect the handler to have stopped it.
  #isStopped(): boolean {
    return this.#stopped;
  }
}
