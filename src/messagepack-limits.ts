/** What one decoded value may cost. */

import { CcpError } from "./errors.ts";
import { DATA_BYTES_MAX } from "./protocol.ts";

export interface DecodeLimits {
  /** Bytes of one encoded value. */
  readonly bytesMax: number;
  /** Values in all: elements, map keys, map values, arrays and maps. */
  readonly valuesMax: number;
  /** Arrays and maps inside one another; empty ones are not counted. */
  readonly depthMax: number;
}

export const DEFAULT_DECODE_LIMITS: DecodeLimits = {
  // What one message of the protocol carries.
  bytesMax: DATA_BYTES_MAX,
  // Ten thousand events of 25 values. The dearest values, such as tiny binaries and map keys that are
  // all different, take 200 bytes and 1 us each, so a hostile input takes 50 MB and 0.3 s at worst.
  valuesMax: 250_000,
  // Several times what people write by hand; what code that walks a value by recursion bears easily.
  depthMax: 64,
};

/** What a limit may be raised to; long before that, decoding holds up everything else for seconds. */
export const DECODE_LIMITS_MAX: DecodeLimits = {
  bytesMax: 256 * 1024 * 1024,
  // A value takes a byte at least.
  valuesMax: 256 * 1024 * 1024,
  // Decoded values are walked by recursion.
  depthMax: 1024,
};

const LIMITS = ["bytesMax", "valuesMax", "depthMax"] as const;

/**
 * The default limits with some changed.
 *
 * @throws {CcpError} `invalid_option` that names the limit and its range
 */
export function decodeLimits(changes: Readonly<Partial<DecodeLimits>> | undefined): DecodeLimits {
  if (changes === undefined) {
    return DEFAULT_DECODE_LIMITS;
  }
  const limits = { ...DEFAULT_DECODE_LIMITS, ...changes };
  for (const name of LIMITS) {
    const value = limits[name];
    if (!Number.isInteger(value) || value < 1 || value > DECODE_LIMITS_MAX[name]) {
      throw new CcpError(
        "invalid_option",
        `${name} must be a whole number from 1 to ${DECODE_LIMITS_MAX[name]}, not ${value}`,
      );
    }
  }
  return limits;
}
