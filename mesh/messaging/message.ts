import { decode } from "../../src/index.ts";
import type { Message, PayloadKind } from "./messenger.ts";

const NOT_DECODED: unique symbol = Symbol("not decoded yet");

/**
 * A payload in the chunk that it arrived in. Nothing is made of it before somebody asks: most
 * messages are read by one subscriber, once, and some by none.
 */
export class ArrivedPayload {
  readonly kind: PayloadKind;
  #chunk: Buffer;
  #start: number;
  readonly #length: number;
  #value: unknown = NOT_DECODED;

  constructor(kind: PayloadKind, chunk: Buffer, start: number, end: number) {
    this.kind = kind;
    this.#chunk = chunk;
    this.#start = start;
    this.#length = end - start;
  }

  get bytes(): Buffer {
    return this.#chunk.subarray(this.#start, this.#start + this.#length);
  }

  get payload(): unknown {
    if (this.kind === "raw") return this.bytes;
    if (this.#value === NOT_DECODED) this.#value = decode(this.bytes);
    return this.#value;
  }

  /** Bytes of the payload. */
  get length(): number {
    return this.#length;
  }

  /** Lets go of a chunk that holds much else, by a copy of the payload. */
  detach(): void {
    if (this.#chunk.length <= this.#length * 2) return;
    const copy = Buffer.allocUnsafeSlow(this.#length);
    copy.set(this.bytes);
    this.#chunk = copy;
    this.#start = 0;
  }
}

/** A message, for one subscriber: what one makes of a decoded value is not another's affair. */
export class ArrivedMessage extends ArrivedPayload implements Message {
  readonly topic: string;
  readonly from: string;

  constructor({ topic, from, kind }: MessageHead, chunk: Buffer, start: number, end: number) {
    super(kind, chunk, start, end);
    this.topic = topic;
    this.from = from;
  }
}

export interface MessageHead {
  readonly topic: string;
  readonly from: string;
  readonly kind: PayloadKind;
}
