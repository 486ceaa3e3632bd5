/** Keeps what a stranger can provoke from filling the log. */

import type { LogFields, Logger } from "./log.ts";

export interface LogLimitOptions {
  /** One line for each key in this time. */
  readonly everyMs: number;
  /** Keys remembered at once; what further keys provoke shares one line. */
  readonly keysMax: number;
  /** A clock that never goes back, in milliseconds. Default: `performance.now`. */
  readonly now?: () => number;
}

export interface LimitedLogger {
  /**
   * Warns, unless `key` has done so within the interval. The next line of the key then says in
   * `leftOut` how many were not written, for other keys in `leftOutElsewhere`.
   */
  warn(key: string, message: string, fields?: LogFields): void;
  /** As `warn`, at debug. */
  debug(key: string, message: string, fields?: LogFields): void;
  /** As `warn`, an error. */
  error(key: string, message: string, fields?: LogFields): void;
}

interface Slot {
  readonly writtenAtMs: number;
  leftOut: number;
}

/** An attacker can cause these lines, so each address gets one a minute for each reason. */
export const REFUSALS_LOGGED: LogLimitOptions = { everyMs: 60_000, keysMax: 100 };
/** A plugin that throws a thousand times a second must not fill the disk. */
export const ERRORS_LOGGED: LogLimitOptions = { everyMs: 10_000, keysMax: 100 };

/** At most `keysMax + 1` lines an interval, however many keys a stranger makes up. */
export function limited(logger: Logger, options: LogLimitOptions): LimitedLogger {
  const { everyMs, keysMax, now = () => performance.now() } = options;
  // In the order of their lines, so that the first is the first to be forgotten.
  const slots = new Map<string | typeof OTHERS, Slot>();
  let leftOutElsewhere = 0;

  const forgetExpired = (nowMs: number): void => {
    for (const [key, slot] of slots) {
      if (nowMs - slot.writtenAtMs < everyMs) {
        return;
      }
      slots.delete(key);
      leftOutElsewhere += slot.leftOut;
    }
  };

  const writer =
    (level: "debug" | "warn" | "error"): LimitedLogger["warn"] =>
    (key, message, fields) => {
      const nowMs = now();
      const known = slots.get(key);
      if (known === undefined && slots.size >= keysMax) {
        forgetExpired(nowMs);
      }
      const isFull = known === undefined && slots.size >= keysMax;
      const slotKey = isFull ? OTHERS : key;
      const slot = slots.get(slotKey);
      if (slot !== undefined && nowMs - slot.writtenAtMs < everyMs) {
        slot.leftOut++;
        return;
      }
      const leftOut = slot?.leftOut ?? 0;
      logger[level](message, {
        ...fields,
        ...(leftOut > 0 && { leftOut }),
        ...(leftOutElsewhere > 0 && { leftOutElsewhere }),
      });
      leftOutElsewhere = 0;
      slots.delete(slotKey);
      slots.set(slotKey, { writtenAtMs: nowMs, leftOut: 0 });
    };
  return { debug: writer("debug"), warn: writer("warn"), error: writer("error") };
}

const OTHERS = Symbol("others");
