/** An event as a message of RFC 5424. */

import type { Envelope } from "../../../index.ts";
import type { WaitingEvent } from "../sink.ts";
import {
  APP_NAME_CHARS_MAX,
  HOSTNAME_CHARS_MAX,
  MSGID_CHARS_MAX,
  VALUE_BYTES_MAX,
} from "./limits.ts";
import { type Severities, severityOf } from "./priority.ts";

export interface MessageFormat {
  readonly facility: number;
  readonly severities: Severities;
  readonly appName: string;
  /** Private enterprise number that the name of the structured data ends in. */
  readonly enterpriseId: number;
  /** Of all of it. */
  readonly messageBytesMax: number;
}

/** Any of these in a header is another field, or another message. */
const NOT_HEADER = /[^\x21-\x7e]+/g;

/** Without these, a message is one line under either framing. */
const CONTROLS = /\p{Cc}+/gu;

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$/;

export function syslogMessage(event: WaitingEvent, format: MessageFormat): string {
  const { envelope, seq, json } = event;
  const priority = format.facility * 8 + severityOf(envelope.type, format.severities);
  const header = [
    `<${priority}>1`,
    TIMESTAMP.test(envelope.time) ? envelope.time : "-",
    headerField(envelope.node, HOSTNAME_CHARS_MAX),
    headerField(format.appName, APP_NAME_CHARS_MAX),
    "-",
    headerField(envelope.type, MSGID_CHARS_MAX),
  ].join(" ");
  const { id, topic } = envelope;
  const data = `[ccp@${format.enterpriseId} id="${paramValue(id)}" topic="${paramValue(topic)}" seq="${seq}"]`;
  const head = `${header} ${data} `;
  return head + messageOf(envelope, json, format.messageBytesMax - Buffer.byteLength(head));
}

/** Printable ASCII without spaces, as a header takes it; `-` for nothing. */
export function headerField(text: string, charsMax: number): string {
  const field = text
    .slice(0, 4 * charsMax)
    .replace(NOT_HEADER, "_")
    .slice(0, charsMax);
  return field === "" ? "-" : field;
}

function paramValue(text: string): string {
  return beginningOf(text, VALUE_BYTES_MAX)
    .replace(CONTROLS, " ")
    .replace(/["\\\]]/g, "\\$&");
}

/** Whole characters, of which half ones are replaced. */
function beginningOf(text: string, bytesMax: number): string {
  const room = new Uint8Array(bytesMax);
  const { written } = new TextEncoder().encodeInto(text, room);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(room.subarray(0, written));
}

/** What is too long comes without its payload, and says so, for a cut JSON is none. */
function messageOf(envelope: Envelope, json: string, bytesMax: number): string {
  const bytes = Buffer.byteLength(json);
  if (bytes <= bytesMax) return json;
  const payload = { cut: true, bytes };
  const without = JSON.stringify({ ...envelope, payload });
  return Buffer.byteLength(without) <= bytesMax ? without : JSON.stringify({ payload });
}
