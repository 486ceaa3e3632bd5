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

import { Encoder } from "@msgpack/msgpack";
import { CcpError } from "./errors.ts";
import { build } from "./messagepack-build.ts";
import { DECODE_LIMITS_MAX, type DecodeLimits, decodeLimits } from "./messagepack-limits.ts";
import { scan } from "./messagepack-scan.ts";
import {
  BIGINT_FOUND,
  ENCODE_LEVELS_MAX,
  encodeFault,
  extensionCodec,
  tooDeep,
  withLongIntegersWide,
} from "./messagepack-values.ts";

export { ExtData } from "@msgpack/msgpack";

/**
 * An encoder keeps a buffer of twice its largest value. After more than this it is made anew, which costs
 * nothing beside the work it has just done.
 */
const RETAINED_BYTES_MAX = 64 * 1024;

let encoders = createEncoders();

/**
 * The value as MessagePack, in bytes of its own. `valuesMax` is how many values whoever decodes it allows, where
 * that is known: more are refused.
 *
 * @throws {CcpError} `bad_messagepack` that says what cannot be encoded
 */
export function encode(value: unknown, valuesMax?: number): Uint8Array<ArrayBuffer> {
  const bytes = encodeAny(value);
  // A value takes a byte at least, so that all but the longest are known to have few.
  if (valuesMax !== undefined && bytes.length > valuesMax) {
    scan(bytes, { ...DECODE_LIMITS_MAX, bytesMax: bytes.length, valuesMax });
  }
  return bytes;
}

function encodeAny(value: unknown): Uint8Array<ArrayBuffer> {
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
  scan(bytes, decodeLimits(limits));
  return build(bytes);
}

function createEncoders(): { readonly narrow: Encoder; readonly wide: Encoder } {
  const options = { extensionCodec, maxDepth: ENCODE_LEVELS_MAX, ignoreUndefined: true };
  return {
    narrow: new Encoder({ ...options, useBigInt64: false }),
    wide: new Encoder({ ...options, useBigInt64: true }),
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
