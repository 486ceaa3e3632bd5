import { decode } from "../../../index.ts";
import { shownText } from "../shown-text.ts";
import type { SendResult } from "../sink.ts";

export const FORMATS = ["json", "msgpack"] as const;

export type Format = (typeof FORMATS)[number];

/** `ok`, or a value that says so, confirms; whatever else the application answers, it does not want the batch. */
export function resultOf(answer: Uint8Array, format: Format, where: string): SendResult {
  const text = Buffer.from(answer).toString();
  const value = text.trim() === "ok" ? "ok" : (valueOf(answer, format) ?? text);
  if (value === "ok" || fieldOf(value, "ok") === true) return { kind: "delivered" };
  const said = fieldOf(value, "text") ?? fieldOf(value, "error") ?? value;
  return {
    kind: "refused",
    text: `${where} answered ${shownText(wordsOf(said, text))} instead of ok`,
  };
}

function valueOf(answer: Uint8Array, format: Format): unknown {
  try {
    return format === "json" ? JSON.parse(Buffer.from(answer).toString()) : decode(answer);
  } catch {
    return undefined;
  }
}

function fieldOf(value: unknown, name: "ok" | "text" | "error"): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const field: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  return field;
}

function wordsOf(said: unknown, text: string): string {
  if (typeof said === "string") return said;
  try {
    return JSON.stringify(said) ?? text;
  } catch {
    return text;
  }
}
