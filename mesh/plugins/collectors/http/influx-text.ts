/** The three ways of the line protocol to write a text. */

import { INFLUX_STRING_CHARS_MAX } from "./limits.ts";

/** What ends a line, or is nothing that anybody writes. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/** Before a comma or a space, some readers take a backslash for an escape and others do not. */
const BACKSLASHES = /\\/g;

/** A line that begins so is a comment; InfluxDB keeps the underscore for itself. */
const RESERVED_START = /^[#_]/;

/** Of tags, their values and fields: `=`, comma and space are escaped. */
export function influxKey(text: string): string {
  return plain(text).replace(/[,= ]/g, "\\$&");
}

export function measurementOf(type: string): string {
  const text = plain(type).replace(/[, ]/g, "\\$&");
  if (text === "") return "event";
  return RESERVED_START.test(text) ? `type:${text}` : text;
}

/** A field's value, in quotes; line breaks become the two characters that stand for them in most languages. */
export function influxString(text: string): string {
  const head = text.slice(0, INFLUX_STRING_CHARS_MAX).toWellFormed();
  const oneLine = head.replace(/\r?\n|\r/g, "\\n").replace(CONTROLS, " ");
  return `"${oneLine.replace(/["\\]/g, "\\$&")}"`;
}

function plain(text: string): string {
  return text.toWellFormed().replace(CONTROLS, " ").replace(BACKSLASHES, "/").trim();
}
