import { isUtf8 } from "node:buffer";
import { MeshError } from "../mesh-error.ts";
import { TOPIC_BYTES_MAX } from "../topics/limits.ts";
import { NAMES_REMEMBERED } from "./limits.ts";

interface Known {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/**
 * Reads names of topics, groups and services from the wire. Few names come again and again, so the
 * last of each are remembered with their bytes, and neither made into a string nor checked again.
 */
export class NameCache {
  readonly #assert: (text: unknown) => void;
  readonly #known: (Known | undefined)[] = Array.from(
    { length: NAMES_REMEMBERED },
    () => undefined,
  );
  #last: Known | undefined;

  /** `assert` throws a `MeshError` for what is no name. */
  constructor(assert: (text: unknown) => void) {
    this.#assert = assert;
  }

  /** The name from `start` to `end`; `undefined` if that is none. */
  read(chunk: Buffer, start: number, end: number): string | undefined {
    const last = this.#last;
    if (last !== undefined && isSame(last.bytes, chunk, start, end)) return last.name;
    if (end - start > TOPIC_BYTES_MAX) return undefined;
    const slot = slotOf(chunk, start, end);
    let known = this.#known[slot];
    if (known === undefined || !isSame(known.bytes, chunk, start, end)) {
      known = this.#readNew(chunk, start, end);
      if (known === undefined) return undefined;
      this.#known[slot] = known;
    }
    this.#last = known;
    return known.name;
  }

  #readNew(chunk: Buffer, start: number, end: number): Known | undefined {
    // A copy, because what is kept must not keep the chunk.
    const bytes = Uint8Array.prototype.slice.call(chunk, start, end);
    if (!isUtf8(bytes)) return undefined;
    const name = chunk.toString("utf8", start, end);
    try {
      this.#assert(name);
    } catch (error) {
      if (error instanceof MeshError) return undefined;
      throw error;
    }
    return { bytes, name };
  }
}

function isSame(bytes: Uint8Array, chunk: Buffer, start: number, end: number): boolean {
  const { length } = bytes;
  if (length !== end - start) return false;
  for (let at = 0; at < length; at += 1) {
    if (bytes[at] !== chunk[start + at]) return false;
  }
  return true;
}

function slotOf(chunk: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + (chunk[at] ?? 0)) | 0;
  return (hash ^ (hash >>> 16)) & (NAMES_REMEMBERED - 1);
}
