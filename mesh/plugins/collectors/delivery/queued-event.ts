/** An event as it is read from the disk. */

import { isEnvelope } from "../../../index.ts";
import type { QueueEntry } from "../event-queue.ts";
import type { WaitingEvent } from "../sink.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** JSON has them between its tokens alone, where a space means the same. */
const BREAKS = /[\n\r]/g;

/** The event, or why the entry is none, to be kept beside it. */
export function readEvent({ seq, bytes }: QueueEntry): WaitingEvent | string {
  const json = decoded(bytes);
  if (json === undefined) return "it is not UTF-8, and so no event";
  const envelope = parsed(json);
  if (envelope === undefined) return "it is not JSON, and so no event";
  if (!isEnvelope(envelope)) return "it is no event: a field of the envelope is missing or wrong";
  return { seq, envelope, json: json.replace(BREAKS, " ") };
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
