/**
 * Makes the value of MessagePack that has been checked.
 *
 * The library's decoder checks everything itself, which `scan` has done before with the byte named, and
 * reads strings character by character. This one does neither, and takes a third of the time.
 */

import { extensionCodec } from "./messagepack-values.ts";

/** Keys that are remembered: those of what plugins exchange come again and again. A power of two. */
const KEYS_REMEMBERED = 512;
/** The longest key that is; the names that people give are shorter. */
const KEY_BYTES_MAX = 32;

interface Key {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** One for the whole process: what is remembered is text, bounded, and the same for everyone. */
const keys: (Key | undefined)[] = Array.from({ length: KEYS_REMEMBERED }, () => undefined);

/** The value in bytes that `scan` has let pass; of others it makes anything. It is no view of them. */
export function build(bytes: Uint8Array): unknown {
  return new Builder(bytes).value();
}

class Builder {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  value(): unknown {
    const head = this.#byte();
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 0x0f);
    if (head < 0xa0) return this.#array(head & 0x0f);
    if (head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    return this.#longer(head);
  }

  /** What takes more than its first byte to say what it is. */
  #longer(head: number): unknown {
    switch (head) {
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(this.#length(head - 0xc4));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#length(head - 0xc7));
      case 0xca:
        return this.#bytes.readFloatBE(this.#skip(4));
      case 0xcb:
        return this.#bytes.readDoubleBE(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#length(head - 0xcc);
      case 0xcf: {
        const at = this.#skip(8);
        return wholeNumber(this.#bytes.readUInt32BE(at), this.#bytes.readUInt32BE(at + 4));
      }
      case 0xd0:
        return this.#bytes.readInt8(this.#skip(1));
      case 0xd1:
        return this.#bytes.readInt16BE(this.#skip(2));
      case 0xd2:
        return this.#bytes.readInt32BE(this.#skip(4));
      case 0xd3: {
        const at = this.#skip(8);
        return wholeNumber(this.#bytes.readInt32BE(at), this.#bytes.readUInt32BE(at + 4));
      }
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (head - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#length(head - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#length(head - 0xdb));
      case 0xde:
      case 0xdf:
        return this.#map(this.#length(head - 0xdd));
      default:
        return null;
    }
  }

  #map(pairs: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let left = pairs; left > 0; left -= 1) {
      const key = this.#key();
      map[key] = this.value();
    }
    return map;
  }

  /** Text, or a number, which becomes one. */
  #key(): string {
    const head = this.#bytes[this.#offset] ?? 0;
    if (head < 0xa0 || head >= 0xc0) return String(this.value());
    const bytes = head & 0x1f;
    const start = this.#offset + 1;
    this.#offset = start + bytes;
    return keyText(this.#bytes, start, this.#offset);
  }

  #array(elements: number): unknown[] {
    const array: unknown[] = [];
    for (let left = elements; left > 0; left -= 1) array.push(this.value());
    return array;
  }

  #text(bytes: number): string {
    const start = this.#skip(bytes);
    return this.#bytes.toString("utf8", start, this.#offset);
  }

  #binary(bytes: number): Uint8Array {
    const start = this.#skip(bytes);
    return new Uint8Array(this.#bytes.subarray(start, this.#offset));
  }

  #extension(bytes: number): unknown {
    const type = this.#bytes.readInt8(this.#skip(1));
    const start = this.#skip(bytes);
    return extensionCodec.decode(this.#bytes.subarray(start, this.#offset), type, undefined);
  }

  /** An integer of 1, 2 or 4 bytes, where `size` is 0, 1 or 2. */
  #length(size: number): number {
    if (size === 0) return this.#byte();
    if (size === 1) return this.#bytes.readUInt16BE(this.#skip(2));
    return this.#bytes.readUInt32BE(this.#skip(4));
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset] ?? 0;
    this.#offset += 1;
    return byte;
  }

  /** Answers where the bytes begin that it goes past. */
  #skip(bytes: number): number {
    const start = this.#offset;
    this.#offset = start + bytes;
    return start;
  }
}

/** A number where that is exact, else a bigint. */
function wholeNumber(high: number, low: number): number | bigint {
  const number = high * 2 ** 32 + low;
  return Number.isSafeInteger(number) ? number : (BigInt(high) << 32n) | BigInt(low);
}

function keyText(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > KEY_BYTES_MAX || length === 0) return bytes.toString("utf8", start, end);
  const slot = slotOf(bytes, start, end);
  const known = keys[slot];
  if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.text;
  const text = bytes.toString("utf8", start, end);
  keys[slot] = { bytes: new Uint8Array(bytes.subarray(start, end)), text };
  return text;
}

/** Keys of one map differ in their length or in one of these bytes more often than not. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start] ?? 0;
  const last = bytes[end - 1] ?? 0;
  const middle = bytes[(start + end) >>> 1] ?? 0;
  return (first * 31 + middle * 7 + last * 3 + (end - start) * 101) & (KEYS_REMEMBERED - 1);
}

function isSame(key: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let at = 0; at < key.length; at += 1) {
    if (key[at] !== bytes[start + at]) return false;
  }
  return true;
}
