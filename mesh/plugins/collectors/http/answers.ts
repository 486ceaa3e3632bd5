/** What a receiver's status means for the events. */

import type { SendResult } from "../sink.ts";
import { shownText } from "../shown-text.ts";
import { ANSWER_SHOWN_FROM_CHARS } from "./limits.ts";
import { type AddressRules, type Redactor, shownAddress } from "./redactor.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Its beginning. */
  readonly body: string;
}

export interface AnswerContext extends AddressRules {
  readonly url: URL;
  readonly where: string;
  readonly redactor: Redactor;
  readonly pathHint: string | undefined;
  /** From the body or the headers, where the receiver has a way of its own. */
  readonly pauseMs: number | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** However often they come, these events are not taken: something is wrong with them. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** Anything else than success and a refusal is tried again, since an operator can mend it: no event is lost by that. */
export function resultOf(answer: Answer, context: AnswerContext): SendResult {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const text = textOf(answer, context);
  if (REFUSALS.has(status)) return { kind: "refused", text };
  const afterMs = context.pauseMs ?? retryAfterMs(headers.get("retry-after"), context.nowMs);
  return { kind: "retry", text, ...(afterMs !== undefined && { afterMs }) };
}

function textOf(answer: Answer, context: AnswerContext): string {
  const { where, redactor } = context;
  const advice = redactor.redact(adviceOf(answer, context));
  const said = redactor.redact(answer.body.slice(0, ANSWER_SHOWN_FROM_CHARS)).trim();
  const saying = said === "" ? "" : `, saying ${shownText(said)}`;
  return `${where} answered ${answer.status}${saying}${advice === "" ? "" : `; ${advice}`}`;
}

function adviceOf({ status, headers }: Answer, context: AnswerContext): string {
  if (status >= 300 && status < 400) return movedText(headers.get("location"), context);
  switch (status) {
    case 400:
    case 415:
    case 422:
      return "it takes no such events: is format what it expects?";
    case 413:
      return "it takes no such long request: set a smaller batch_bytes or batch_events";
    case 401:
    case 403:
      return "it does not know us: check token, user and password in url, and header[]";
    case 404:
    case 405:
    case 410:
      return `check the path of url${context.pathHint === undefined ? "" : `: ${context.pathHint}`}`;
    case 429:
      return "we send too much: the rest waits";
    default:
      return status >= 500 || status === 408 ? "" : "check url and what stands before the receiver";
  }
}

function movedText(location: string | null, { url, hidesPath }: AnswerContext): string {
  const target = location === null ? null : URL.parse(location, url.href);
  if (target === null) return "it has moved, and does not say where to";
  return `it has moved to ${shownAddress(target, { hidesPath })}; write the new address into url`;
}
