/**
 * Values as bytes and back, in a form that every language reads.
 *
 * ```ts
 * const bytes = encode({ text: "gg", steamId: 76561198000000001n, at: Date.now() });
 * const value = decode(bytes); // unknown: whoever sent it has chosen it
 * ```
 *
 * | JavaScript | MessagePack | and back |
 * |---|---|---|
 * | whole numbers up to ±(2^53 - 1) | the shortest integer | the same, and -0 as 0 |
 * | other numbers | float 64 | the same |
 * | bigints from -2^63 to 2^64 - 1 | integer | a number where that is exact, else a bigint |
 * | strings, booleans, null | string, boolean, nil | the same |
 * | undefined | nil; nothing, as a property | null; nothing |
 * | arrays | array | the same |
 * | plain objects, objects of classes | map of their own properties | a plain object |
 * | `Uint8Array` and other views | binary, the bytes as they lie in memory | a `Uint8Array` |
 * | `Date` | timestamp | the same |
 * | `ExtData` | extension of its type | the same |
 *
 * Everything else, such as a function, a symbol, a `Map` or an invalid `Date`, is refused. Map keys
 * that are numbers become strings. A string's bytes are not checked for being UTF-8; what is not comes
 * out as some other text. What is decoded is never a view of its input, which may be a small part of a
 * large chunk that would stay in memory with it.
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import { CcpError } from "./errors.ts";
import { DECODE_LIMITS_MAX, type DecodeLimits, decodeLimits } from "./messagepack-limits.ts";
import { scan } from "./messagepack-scan.ts";
import {
  BIGINT_FOUND,
  ENCODE_LEVELS_MAX,
  encodeFault,
  extensionCodec,
  isRecord,
  tooDeep,
  withLongIntegersWide,
} from "./messagepack-values.ts";

export { ExtData } from "@msgpack/msgpack";

/**
 * An encoder keeps a buffer of twice its largest value, and a decoder its last input. After more
 * than this both are made anew, which costs nothing beside the work they have just done.
 */
const RETAINED_BYTES_MAX = 64 * 1024;

const SAFE_MIN = BigInt(Number.MIN_SAFE_INTEGER);
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

let encoders = createEncoders();
let decoders = createDecoders();

/**
 * The value as MessagePack, in bytes of its own.
 *
 * @throws {CcpError} `bad_messagepack` that says what cannot be encoded
 */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  try {
    const bytes = encodeReusing(value);
    if (bytes.length > RETAINED_BYTES_MAX) {
      encoders = createEncoders();
    }
    return bytes;
  } catch (error) {
    // The buffer may have grown before the error.
    encoders = createEncoders();
    throw asEncodeFault(error);
  }
}

/**
 * The value in bytes that may come from anyone: they are checked first, in one pass that allocates
 * nothing, so that a refusal is cheap.
 *
 * @throws {CcpError} `bad_messagepack` that says what is wrong at which byte, or `invalid_option`
 *   for limits that are out of range
 */
export function decode(bytes: Uint8Array, limits?: Readonly<Partial<DecodeLimits>>): unknown {
  const { hasWideIntegers, hasBinaries } = scan(bytes, decodeLimits(limits));
  const value = decodeChecked(bytes, hasWideIntegers ? decoders.wide : decoders.narrow);
  if (bytes.length > RETAINED_BYTES_MAX) {
    decoders = createDecoders();
  }
  return hasWideIntegers || hasBinaries ? settle(value) : value;
}

function createEncoders(): { readonly narrow: Encoder; readonly wide: Encoder } {
  const options = { extensionCodec, maxDepth: ENCODE_LEVELS_MAX, ignoreUndefined: true };
  return {
    narrow: new Encoder({ ...options, useBigInt64: false }),
    wide: new Encoder({ ...options, useBigInt64: true }),
  };
}

/** Without `useBigInt64` a decoder makes an inexact number of a wide integer, with it a bigint of any. */
function createDecoders(): { readonly narrow: Decoder; readonly wide: Decoder } {
  // Second to the check of each length against what is there and the caller's limits.
  const options = {
    extensionCodec,
    maxStrLength: DECODE_LIMITS_MAX.bytesMax,
    maxBinLength: DECODE_LIMITS_MAX.bytesMax,
    maxExtLength: DECODE_LIMITS_MAX.bytesMax,
    maxArrayLength: DECODE_LIMITS_MAX.valuesMax,
    maxMapLength: DECODE_LIMITS_MAX.valuesMax,
    mapKeyConverter: toPropertyName,
  };
  return {
    narrow: new Decoder({ ...options, useBigInt64: false }),
    wide: new Decoder({ ...options, useBigInt64: true }),
  };
}

function encodeReusing(value: unknown): Uint8Array<ArrayBuffer> {
  try {
    return encoders.narrow.encode(value);
  } catch (error) {
    if (error !== BIGINT_FOUND) {
      throw error;
    }
    return encoders.wide.encode(withLongIntegersWide(value));
  }
}

function asEncodeFault(error: unknown): CcpError {
  if (error instanceof CcpError && error.code === "bad_messagepack") {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith("Too deep objects")
    ? tooDeep(error)
    : encodeFault(`the value cannot be encoded: ${message}`, error);
}

function decodeChecked(bytes: Uint8Array, decoder: Decoder): unknown {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CcpError("bad_messagepack", `MessagePack: ${message}`, { cause });
  }
}

/** A key of a wide integer is exact as a string only. */
function toPropertyName(key: unknown): string | number {
  if (typeof key === "string" || typeof key === "number") {
    return key;
  }
  if (typeof key === "bigint") {
    return key.toString();
  }
  throw new TypeError(`a map key of type ${typeof key}`);
}

/** Makes numbers of bigints that fit and copies of views: in place, as the decoder has just made it all. */
function settle(value: unknown): unknown {
  if (typeof value === "bigint") {
    return value >= SAFE_MIN && value <= SAFE_MAX ? Number(value) : value;
  }
  if (value instanceof Uint8Array) {
    return new Uint8Array(value);
  }
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    for (const [index, item] of items.entries()) {
      items[index] = settle(item);
    }
  } else if (isRecord(value)) {
    for (const key of Object.keys(value)) {
      value[key] = settle(value[key]);
    }
  }
  return value;
}
