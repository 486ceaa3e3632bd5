/**
 * A walk over MessagePack that builds nothing.
 *
 * A decoder allocates what a header claims, so that a few hostile bytes cost it seconds and gigabytes.
 * This walk takes a step a value, holds a few bytes a level, and lets pass only what is complete,
 * within the limits, and free of what the decoder would refuse: so every refusal can name its byte.
 */

import { decodeTimestampExtension, EXT_TIMESTAMP } from "@msgpack/msgpack";
import { CcpError } from "./errors.ts";
import type { DecodeLimits } from "./messagepack-limits.ts";

type UsedShape = "simple" | "number" | "string" | "binary" | "extension" | "array" | "map";
type Shape = UsedShape | "reserved";

/** What a first byte says about the value it begins. */
interface Format {
  readonly shape: Shape;
  /** Bytes of the length that follows the first byte; 0 where the first byte has said it. */
  readonly lengthBytes: number;
  /** The length where the first byte has said it: elements, pairs, or bytes. */
  readonly length: number;
}

/** An array or a map that is being read. */
interface Level {
  readonly isMap: boolean;
  readonly depth: number;
  /** What it is an element of. */
  readonly outer: Level | undefined;
  /** Values still to come, a key and its value being two. */
  left: number;
}

/** -1, as a byte. */
const TIMESTAMP_TYPE: number = EXT_TIMESTAMP & 0xff;

/** The formats from 0xc0 to 0xdf, in order; all others say in their first byte what they are. */
const MIDDLE_FORMATS: readonly (readonly [Shape, lengthBytes: number, length: number])[] = [
  ["simple", 0, 0], // nil
  ["reserved", 0, 0],
  ["simple", 0, 0], // false
  ["simple", 0, 0], // true
  ["binary", 1, 0],
  ["binary", 2, 0],
  ["binary", 4, 0],
  ["extension", 1, 0],
  ["extension", 2, 0],
  ["extension", 4, 0],
  ["number", 0, 4], // float 32
  ["number", 0, 8], // float 64
  ["number", 0, 1], // uint 8, 16, 32, 64
  ["number", 0, 2],
  ["number", 0, 4],
  ["number", 0, 8],
  ["number", 0, 1], // int 8, 16, 32, 64
  ["number", 0, 2],
  ["number", 0, 4],
  ["number", 0, 8],
  ["extension", 0, 1],
  ["extension", 0, 2],
  ["extension", 0, 4],
  ["extension", 0, 8],
  ["extension", 0, 16],
  ["string", 1, 0],
  ["string", 2, 0],
  ["string", 4, 0],
  ["array", 2, 0],
  ["array", 4, 0],
  ["map", 2, 0],
  ["map", 4, 0],
];

/** The shapes in an error's text. */
const NAMES: Readonly<Record<UsedShape, string>> = {
  simple: "nil or a boolean",
  number: "a number",
  string: "a string",
  binary: "a binary",
  extension: "an extension",
  array: "an array",
  map: "a map",
};

const RESERVED: Format = { shape: "reserved", lengthBytes: 0, length: 0 };
const FORMATS: readonly Format[] = Array.from({ length: 256 }, (_, head) => formatOf(head));

/** The one key that would change the object it is set on; the decoder refuses it too. */
const FORBIDDEN_KEY: Uint8Array = new TextEncoder().encode("__proto__");

/** The sizes that a timestamp has, in bytes. */
const TIMESTAMP_BYTES: ReadonlySet<number> = new Set([4, 8, 12]);

/**
 * Checks that the bytes are one MessagePack value within the limits, and nothing else.
 *
 * @throws {CcpError} `bad_messagepack` that says what is wrong at which byte
 */
export function scan(bytes: Uint8Array, limits: DecodeLimits): void {
  if (bytes.length > limits.bytesMax) {
    throw fault(0, `${counted(bytes.length, "byte")}, where ${limits.bytesMax} are allowed`);
  }
  new Walk(bytes, limits).run();
}

class Walk {
  readonly #bytes: Uint8Array;
  readonly #limits: DecodeLimits;
  /** The innermost array or map that lacks values. */
  #level: Level | undefined;
  #offset = 0;
  /** Values that have been read or are claimed by a header, the outermost included. */
  #values = 1;

  constructor(bytes: Uint8Array, limits: DecodeLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  run(): void {
    do {
      this.#readValue();
      while (this.#level?.left === 0) {
        this.#level = this.#level.outer;
      }
    } while (this.#level !== undefined);
    if (this.#bytesLeft > 0) {
      throw fault(this.#offset, `${counted(this.#bytesLeft, "byte")} after the end of the value`);
    }
  }

  get #bytesLeft(): number {
    return this.#bytes.length - this.#offset;
  }

  #readValue(): void {
    const start = this.#offset;
    const head = this.#bytes[start];
    if (head === undefined) {
      throw fault(start, "the bytes end where a value should begin");
    }
    const { shape, lengthBytes, length: shortLength } = FORMATS[head] ?? RESERVED;
    if (shape === "reserved") {
      throw fault(start, "0xc1 begins no value");
    }
    this.#offset += 1;
    const length = lengthBytes === 0 ? shortLength : this.#readLength(lengthBytes, start);
    this.#countInLevel(shape, length, start);
    switch (shape) {
      case "simple":
      case "number":
      case "string":
      case "binary":
        this.#skip(shape, length, start);
        break;
      case "extension":
        this.#readExtension(length, start);
        break;
      case "array":
      case "map":
        this.#open(shape, length, start);
        break;
    }
  }

  #readLength(lengthBytes: number, start: number): number {
    if (lengthBytes > this.#bytesLeft) {
      throw fault(start, "the bytes end within a length");
    }
    let length = 0;
    for (let index = 0; index < lengthBytes; index += 1) {
      length = length * 256 + this.#byteAt(this.#offset + index);
    }
    this.#offset += lengthBytes;
    return length;
  }

  /** Makes the value one of its array or map, where it may have to be a key. */
  #countInLevel(shape: UsedShape, length: number, start: number): void {
    const level = this.#level;
    if (level === undefined) {
      return;
    }
    if (level.isMap && level.left % 2 === 0) {
      this.#checkKey(shape, length, start);
    }
    level.left -= 1;
  }

  #checkKey(shape: UsedShape, length: number, start: number): void {
    if (shape !== "string" && shape !== "number") {
      throw fault(start, `${NAMES[shape]} as a map key; keys are strings or numbers`);
    }
    const isForbidden =
      shape === "string" &&
      length === FORBIDDEN_KEY.length &&
      FORBIDDEN_KEY.every((byte, index) => byte === this.#bytes[this.#offset + index]);
    if (isForbidden) {
      throw fault(start, 'the map key "__proto__" is not allowed');
    }
  }

  #skip(shape: UsedShape, length: number, start: number): void {
    if (length > this.#bytesLeft) {
      throw fault(
        start,
        `${NAMES[shape]} of ${counted(length, "byte")}, with ${counted(this.#bytesLeft, "byte")} left`,
      );
    }
    this.#offset += length;
  }

  #readExtension(length: number, start: number): void {
    // The byte of its type comes before its data.
    this.#skip("extension", 1 + length, start);
    const dataStart = this.#offset - length;
    if (this.#byteAt(dataStart - 1) !== TIMESTAMP_TYPE) {
      return;
    }
    if (!TIMESTAMP_BYTES.has(length)) {
      throw fault(start, `a timestamp of ${counted(length, "byte")}; it has 4, 8 or 12`);
    }
    const date = decodeTimestampExtension(this.#bytes.subarray(dataStart, this.#offset));
    if (Number.isNaN(date.getTime())) {
      throw fault(start, "a timestamp further away than a Date can say");
    }
  }

  #open(shape: "array" | "map", length: number, start: number): void {
    const isMap = shape === "map";
    const left = isMap ? length * 2 : length;
    if (left > this.#bytesLeft) {
      const claim = counted(length, isMap ? "pair" : "element");
      throw fault(
        start,
        `${NAMES[shape]} of ${claim}, with ${counted(this.#bytesLeft, "byte")} left`,
      );
    }
    this.#values += left;
    if (this.#values > this.#limits.valuesMax) {
      throw fault(start, `more than ${this.#limits.valuesMax} values`);
    }
    if (left === 0) {
      return;
    }
    const depth = (this.#level?.depth ?? 0) + 1;
    if (depth > this.#limits.depthMax) {
      throw fault(start, `nested deeper than ${this.#limits.depthMax} levels`);
    }
    this.#level = { isMap, depth, outer: this.#level, left };
  }

  #byteAt(offset: number): number {
    return this.#bytes[offset] ?? 0;
  }
}

function formatOf(head: number): Format {
  if (head < 0x80 || head >= 0xe0) {
    return { shape: "number", lengthBytes: 0, length: 0 };
  }
  if (head < 0x90) {
    return { shape: "map", lengthBytes: 0, length: head & 0x0f };
  }
  if (head < 0xa0) {
    return { shape: "array", lengthBytes: 0, length: head & 0x0f };
  }
  if (head < 0xc0) {
    return { shape: "string", lengthBytes: 0, length: head & 0x1f };
  }
  const [shape, lengthBytes, length] = MIDDLE_FORMATS[head - 0xc0] ?? ["reserved", 0, 0];
  return { shape, lengthBytes, length };
}

function fault(offset: number, what: string): CcpError {
  return new CcpError("bad_messagepack", `MessagePack, byte ${offset}: ${what}`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
