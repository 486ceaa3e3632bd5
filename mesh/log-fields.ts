/**
 * The values that a log line carries, made plain: bounded, without secrets, and never throwing,
 * whatever a plugin or a peer has put into them.
 */

import { shortened } from "./printable.ts";

export type Plain = string | number | boolean | null | readonly Plain[] | PlainObject;
export interface PlainObject {
  readonly [key: string]: Plain;
}

/** Six times as many bytes, should each need an escape, still fit a line. */
export const STRING_CHARS_MAX = 1024;
/** Deep enough for an error with its causes, shallow enough to be read. */
const DEPTH_MAX = 6;
/** Of one array or object. */
const ITEMS_MAX = 64;
/** Of one line; without it, depth and items would multiply to millions. */
const VALUES_MAX = 256;

const UNREADABLE = "[unreadable]";
const SECRET_NAME = /(?:token|secret|password)s?$/i;

export interface PlainOptions {
  /** Errors become objects for machines, or one sentence for people. */
  readonly errorsAs: "objects" | "text";
  readonly withStacks: boolean;
}

/** The fields of one line, with those that are undefined left out. */
export function plainFields(
  fields: Readonly<Record<string, unknown>>,
  options: PlainOptions,
): PlainObject {
  try {
    const walk = { ...options, valuesLeft: VALUES_MAX, ancestors: new Set<object>([fields]) };
    return plainEntries(fields, Object.keys(fields), walk);
  } catch {
    return { fields: UNREADABLE };
  }
}

interface Walk extends PlainOptions {
  valuesLeft: number;
  /** The containers around the value at hand, to stop at cycles. */
  readonly ancestors: Set<object>;
}

function plain(value: unknown, walk: Walk): Plain {
  if (walk.valuesLeft-- <= 0) {
    return "[left out]";
  }
  switch (typeof value) {
    case "object":
      return value === null ? null : plainContainer(value, walk);
    case "string":
      return shortened(value, STRING_CHARS_MAX);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "bigint":
    case "symbol":
      return shortened(String(value), STRING_CHARS_MAX);
    case "function":
      return "[function]";
    case "undefined":
      break;
  }
  return null;
}

function plainContainer(value: object, walk: Walk): Plain {
  if (walk.ancestors.has(value)) {
    return "[circular]";
  }
  if (walk.ancestors.size === DEPTH_MAX) {
    return "[left out]";
  }
  walk.ancestors.add(value);
  try {
    if (value instanceof Error) {
      return plainError(value, walk);
    }
    if (value instanceof Date) {
      return value.toISOString();
    }
    if (value instanceof Map || value instanceof Set) {
      return `[size ${value.size}]`;
    }
    if (ArrayBuffer.isView(value)) {
      return `[${value.byteLength} bytes]`;
    }
    if (Array.isArray(value)) {
      return plainItems(value, walk);
    }
    return plainEntries(value, Object.keys(value), walk);
  } catch {
    // A revoked proxy, an invalid date, a trap that throws.
    return UNREADABLE;
  } finally {
    walk.ancestors.delete(value);
  }
}

function plainItems(array: readonly unknown[], walk: Walk): Plain {
  const items = array.slice(0, ITEMS_MAX).map((item) => plain(item, walk));
  const more = array.length - items.length;
  return more > 0 ? [...items, `[${more} more]`] : items;
}

function plainEntries(object: object, keys: readonly string[], walk: Walk): PlainObject {
  const entries: [string, Plain][] = [];
  for (const key of keys.slice(0, ITEMS_MAX)) {
    const value = SECRET_NAME.test(key) ? "[redacted]" : property(object, key);
    if (value !== undefined) {
      entries.push([shortened(key, 64), plain(value, walk)]);
    }
  }
  const more = keys.length - ITEMS_MAX;
  if (more > 0) entries.push(["…", `[${more} more]`]);
  return Object.fromEntries(entries);
}

function plainError(error: Error, walk: Walk): Plain {
  const read = (key: string): Plain | undefined => {
    const value = property(error, key);
    return value === undefined || value === "" ? undefined : plain(value, walk);
  };
  const message = read("message") ?? read("name") ?? "";
  const code = read("code");
  const cause = read("cause");
  const stack = walk.withStacks ? read("stack") : undefined;
  if (walk.errorsAs === "objects") {
    return {
      message,
      ...(code !== undefined && { code }),
      ...(cause !== undefined && { cause }),
      ...(stack !== undefined && { stack }),
    };
  }
  let text = plainText(message);
  if (code !== undefined) text += ` (${plainText(code)})`;
  if (cause !== undefined && !isSaid(error, message)) text += `, caused by ${plainText(cause)}`;
  if (stack !== undefined) text += `\n${plainText(stack)}`;
  return text;
}

/** Whether the message says already what its cause says. */
function isSaid(error: Error, message: Plain): boolean {
  const cause = property(error, "cause");
  if (cause === error) return false;
  const said = cause instanceof Error ? property(cause, "message") : cause;
  return typeof said === "string" && said !== "" && plainText(message).includes(said);
}

/** For people: a string as it is, anything else as JSON. */
export function plainText(value: Plain): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function property(object: object, key: string): unknown {
  try {
    const value: unknown = Reflect.get(object, key);
    return value;
  } catch {
    return UNREADABLE;
  }
}
