/**
 * The node's log: one event a line, for people or as JSON.
 *
 * ```ts
 * const log = createLogger({ level: "info", format: "text", write: console.log });
 * log.child({ peer: "surf" }).warn("link lost", { error, silentMs: 8000 });
 * // 2026-01-31 07:11:12 WARN  link lost  peer=surf error="connection reset (ECONNRESET)" silentMs=8000
 * ```
 *
 * Whatever the fields hold, logging them neither throws nor spans a second line, and what is
 * called token, secret or password is not written.
 */

import {
  type Plain,
  type PlainObject,
  plainFields,
  plainText,
  STRING_CHARS_MAX,
} from "./log-fields.ts";
import { printable, shortened } from "./printable.ts";

/** In the order of their weight. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFormat = "text" | "json";

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** The least level to write. At `debug`, errors come with their stacks. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes one line without its line end. */
  readonly write: (line: string) => void;
  readonly now?: () => Date;
  /** Colours the level in text for a terminal. Default: false. */
  readonly color?: boolean;
}

/** syslog, journald and most collectors take a line of this size whole. */
const LINE_BYTES_MAX = 8192;

const COLORS: Readonly<Record<LogLevel, string>> = {
  debug: "\x1b[2m",
  info: "\x1b[32m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};
const COLOR_OFF = "\x1b[0m";

export function createLogger(options: LoggerOptions): Logger {
  return loggerWith(options, {});
}

function loggerWith(options: LoggerOptions, inherited: PlainObject): Logger {
  const { level: least, format, write, now = () => new Date(), color = false } = options;
  const plainOf = (fields: LogFields): PlainObject =>
    plainFields(fields, {
      errorsAs: format === "json" ? "objects" : "text",
      withStacks: least === "debug",
    });
  const writerOf = (level: LogLevel): Logger[LogLevel] => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) {
      return () => {};
    }
    return (message, fields = {}) => {
      const entry: Entry = {
        time: now(),
        level,
        message: shortened(message, STRING_CHARS_MAX),
        fields: { ...inherited, ...plainOf(fields) },
      };
      write(format === "json" ? jsonLine(entry) : textLine(entry, color));
    };
  };
  return {
    debug: writerOf("debug"),
    info: writerOf("info"),
    warn: writerOf("warn"),
    error: writerOf("error"),
    child: (fields) => loggerWith(options, { ...inherited, ...plainOf(fields) }),
  };
}

interface Entry {
  readonly time: Date;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: PlainObject;
}

function jsonLine({ time, level, message, fields }: Entry): string {
  const head = { time: time.toISOString(), level, message };
  const entries = Object.entries(fields).map(([name, value]) => [
    Object.hasOwn(head, name) ? `${name}_` : name,
    value,
  ]);
  const line = printable(JSON.stringify({ ...head, ...Object.fromEntries(entries) }));
  const lineBytes = Buffer.byteLength(line);
  if (lineBytes <= LINE_BYTES_MAX) {
    return line;
  }
  // A line that is cut anywhere else would not be JSON any more.
  return printable(JSON.stringify({ ...head, leftOut: `fields; ${lineBytes} bytes in all` }));
}

function textLine({ time, level, message, fields }: Entry, color: boolean): string {
  const label = level.toUpperCase().padEnd(5);
  let line = `${dateAndTime(time)} ${color ? COLORS[level] + label + COLOR_OFF : label}`;
  line += ` ${printable(message)}`;
  const pairs = Object.entries(fields).map(([name, value]) => `${word(name)}=${word(value)}`);
  if (pairs.length > 0) line += `  ${pairs.join(" ")}`;
  const bytes = Buffer.from(line);
  if (bytes.length <= LINE_BYTES_MAX) {
    return line;
  }
  const ending = ` … (cut; ${bytes.length} bytes in all)`;
  const room = LINE_BYTES_MAX - Buffer.byteLength(ending);
  // The decoder drops a character whose end is cut off.
  return new TextDecoder().decode(bytes.subarray(0, room), { stream: true }) + ending;
}

/** In the time zone of the machine, as YYYY-MM-DD HH:MM:SS. */
function dateAndTime(time: Date): string {
  const month = String(time.getMonth() + 1).padStart(2, "0");
  const day = String(time.getDate()).padStart(2, "0");
  return `${time.getFullYear()}-${month}-${day} ${time.toTimeString().slice(0, 8)}`;
}

/** Without quotes only where nothing in it can be taken for another field. */
function word(value: Plain): string {
  const text = plainText(value);
  const isBare = typeof value !== "string" || /^[\w.:/@+[\]-]+$/.test(value);
  return printable(isBare ? text : JSON.stringify(text));
}
