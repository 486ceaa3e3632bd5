/** How values that MessagePack or its library does not know are encoded and decoded. */

import {
  decodeTimestampExtension,
  EXT_TIMESTAMP,
  ExtData,
  type ExtensionCodecType,
  encodeTimestampExtension,
} from "@msgpack/msgpack";
import { CcpError } from "./errors.ts";
import { DEFAULT_DECODE_LIMITS } from "./messagepack-limits.ts";

/** Levels of values that are encoded: the innermost arrays and maps that may be, and what is in them. */
export const ENCODE_LEVELS_MAX: number = DEFAULT_DECODE_LIMITS.depthMax + 1;

/** What the codec throws at a bigint. It is one object because it is an answer, not a failure. */
export const BIGINT_FOUND: Error = new Error("a bigint is in the value");

const INT32_MIN = -(2 ** 31);
const UINT32_MAX = 2 ** 32 - 1;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/**
 * Called by the encoder for all that is no number, string, boolean, null or undefined, and by the
 * decoder for extensions. Left alone, the encoder writes a `Map` as an empty map and an invalid
 * `Date` as 1970.
 */
export const extensionCodec: ExtensionCodecType<undefined> = {
  tryToEncode(value: unknown): ExtData | null {
    if (typeof value === "bigint") {
      throw BIGINT_FOUND;
    }
    if (isRecord(value)) {
      checkKeys(value);
      return null;
    }
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      return null;
    }
    if (value instanceof ExtData) {
      return value;
    }
    if (value instanceof Date && !Number.isNaN(value.getTime())) {
      return new ExtData(EXT_TIMESTAMP, encodeTimestampExtension(value) ?? new Uint8Array());
    }
    throw encodeFault(
      `a value of type ${tagOf(value)} cannot be encoded; make it a plain object, an array or bytes`,
    );
  },

  decode(data: Uint8Array, type: number): unknown {
    // A copy, because `data` is a part of the input, which would stay in memory with it.
    return type === EXT_TIMESTAMP
      ? decodeTimestampExtension(data)
      : new ExtData(type, new Uint8Array(data));
  },
};

/**
 * A copy of the value for an encoder with `useBigInt64`. That option makes integers of bigints, and
 * floats of all numbers beyond 32 bits; without it numbers are integers and bigints are refused. So
 * where there is a bigint, the long numbers become bigints too, and the short bigints numbers.
 */
export function withLongIntegersWide(value: unknown, level = 1): unknown {
  if (level > ENCODE_LEVELS_MAX) {
    throw tooDeep();
  }
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && !isShort(value) ? BigInt(value) : value;
  }
  if (typeof value === "bigint") {
    if (value < INT64_MIN || value > UINT64_MAX) {
      throw encodeFault("a bigint below -2^63 or above 2^64 - 1 cannot be encoded");
    }
    return isShort(value) ? Number(value) : value;
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown) => withLongIntegersWide(item, level + 1));
  }
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, withLongIntegersWide(item, level + 1)]),
    );
  }
  return value;
}

export function tooDeep(cause?: unknown): CcpError {
  return encodeFault(
    `the value is nested deeper than ${DEFAULT_DECODE_LIMITS.depthMax} levels, or is a part of itself`,
    cause,
  );
}

export function encodeFault(what: string, cause?: unknown): CcpError {
  return new CcpError("bad_messagepack", `MessagePack: ${what}`, { cause });
}

/** Whether the value is a map of its properties to MessagePack. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === Object.prototype ||
    prototype === null ||
    // An object of a class; those that hold more than their properties have a tag of their own.
    (tagOf(value) === "Object" && !(value instanceof ExtData))
  );
}

/** What decoders refuse must not leave, or one odd key in forwarded data would cost it all. */
function checkKeys(record: Readonly<Record<string, unknown>>): void {
  if (Object.hasOwn(record, "__proto__")) {
    throw encodeFault('a property named "__proto__" cannot be encoded');
  }
}

function isShort(value: number | bigint): boolean {
  return value >= INT32_MIN && value <= UINT32_MAX;
}

/** `Map`, `Function`, `Symbol` and so on. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
