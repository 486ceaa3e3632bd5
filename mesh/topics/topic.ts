/**
 * Topics and the patterns that match them, as the subjects of NATS: tokens with dots between them.
 *
 * ```text
 * chat.global        a topic
 * chat.*             one token in place of the *: chat.global, but not chat.team.red
 * chat.>             one or more tokens in place of the >: chat.global and chat.team.red
 * ```
 *
 * Tokens are compared as they are: capitals count, and nothing is normalized.
 */

import { MeshError } from "../mesh-error.ts";
import { quoted } from "../printable.ts";
import { GROUP_BYTES_MAX, TOPIC_BYTES_MAX, TOPIC_TOKENS_MAX } from "./limits.ts";

/** Stands for one token of a pattern. */
export const ANY_TOKEN = "*";
/** Stands for one or more tokens at the end of a pattern. */
export const ANY_REST = ">";

/**
 * What nobody sees: two names that look the same would not match. Half a surrogate pair, too,
 * because it does not survive the way to a peer.
 */
const INVISIBLE = /[\s\p{Cc}\p{Cf}\p{Cs}]/u;

type Kind = "topic" | "pattern" | "service";

/** @throws {MeshError} `invalid_topic` unless `text` is a topic to publish on */
export function assertTopic(text: unknown): asserts text is string {
  const problem = nameProblem(text, TOPIC_BYTES_MAX) ?? tokensProblem(text, "topic");
  if (problem !== undefined) throw invalid("topic", text, problem);
}

/** @throws {MeshError} `invalid_topic` unless `text` is a topic or a pattern */
export function assertPattern(text: unknown): asserts text is string {
  const problem = nameProblem(text, TOPIC_BYTES_MAX) ?? tokensProblem(text, "pattern");
  if (problem !== undefined) throw invalid("pattern", text, problem);
}

/** @throws {MeshError} `invalid_topic` unless `text` can name a service, as a topic is named */
export function assertService(text: unknown): asserts text is string {
  const problem = nameProblem(text, TOPIC_BYTES_MAX) ?? tokensProblem(text, "service");
  if (problem !== undefined) throw invalid("service", text, problem);
}

/** @throws {MeshError} `invalid_topic` unless `text` can name a group of subscribers */
export function assertGroup(text: unknown): asserts text is string {
  const problem = nameProblem(text, GROUP_BYTES_MAX);
  if (problem !== undefined) throw invalid("group", text, problem);
}

/** Whether the pattern matches more than the topic it spells. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes(ANY_TOKEN) || pattern.endsWith(ANY_REST);
}

/** Whether a valid pattern matches a valid topic. */
export function matches(pattern: string, topic: string): boolean {
  if (!hasWildcard(pattern)) return pattern === topic;
  const wanted = pattern.split(".");
  const tokens = topic.split(".");
  for (const [at, token] of wanted.entries()) {
    if (at >= tokens.length) return false;
    if (token === ANY_REST) return true;
    if (token !== ANY_TOKEN && token !== tokens[at]) return false;
  }
  return wanted.length === tokens.length;
}

function invalid(kind: Kind | "group", text: unknown, problem: string): MeshError {
  const shown = typeof text === "string" ? ` ${quoted(text)}` : "";
  return new MeshError("invalid_topic", `the ${kind}${shown} ${problem}`);
}

function nameProblem(text: unknown, bytesMax: number): string | undefined {
  if (typeof text !== "string") return "must be a string";
  if (text === "") return "is empty; give it a name";
  // Every character takes a byte at least, so that an endless text is not measured.
  if (text.length > bytesMax || Buffer.byteLength(text) > bytesMax) {
    return `is longer than ${bytesMax} bytes; shorten it`;
  }
  if (INVISIBLE.test(text)) return "contains white space or an invisible character; leave it out";
  return undefined;
}

function tokensProblem(text: unknown, kind: Kind): string | undefined {
  const tokens = String(text).split(".");
  if (tokens.length > TOPIC_TOKENS_MAX) {
    return `has ${tokens.length} tokens; at most ${TOPIC_TOKENS_MAX} are allowed`;
  }
  for (const [at, token] of tokens.entries()) {
    const problem = tokenProblem(token, { kind, isLast: at === tokens.length - 1 });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function tokenProblem(
  token: string,
  { kind, isLast }: { readonly kind: Kind; readonly isLast: boolean },
): string | undefined {
  if (token === "") return "has an empty token; each dot must stand between two tokens";
  if (!token.includes(ANY_TOKEN) && !token.includes(ANY_REST)) return undefined;
  if (kind !== "pattern") return "contains a wildcard; only patterns to subscribe to may";
  if (token === ANY_TOKEN || (token === ANY_REST && isLast)) return undefined;
  return token === ANY_REST
    ? "goes on after a >; it stands for all the rest, so nothing may follow it"
    : "has a wildcard as a part of a token; * and > stand for whole tokens";
}
