/** A line of chat as it travels on the topic of its channel, from a relay or from an application. */

import * as v from "valibot";
import type { ChatAudience, Envelope } from "../../index.ts";
import { safeName, safeText } from "./safe-chat.ts";

const PREFIX = "chat.";

/** Of a line that a player said, and of one that tells what happens on a server. */
export type LineType = "chat" | "notice";

export interface RelayLine {
  /** Undefined where an application has given none. */
  readonly id: string | undefined;
  readonly type: LineType;
  readonly audience: ChatAudience;
  /** Empty where nobody in particular says it. */
  readonly player: string;
  readonly team: string;
  readonly text: string;
}

export function topicOf(channel: string): string {
  return PREFIX + channel;
}

const Name = v.pipe(v.string(), v.maxLength(4096));
const Text = v.pipe(v.string(), v.maxLength(65_536));

const Said = v.object({
  text: Text,
  player: v.optional(v.union([Name, v.object({ name: Name, team: v.optional(Name) })]), ""),
  audience: v.optional(v.picklist(["all", "team", "admin"]), "all"),
});

const Enveloped = v.object({
  v: v.number(),
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  type: v.picklist(["chat", "notice"] satisfies LineType[]),
  payload: Said,
});

/**
 * What a payload says: an envelope, `{text, player}`, or a text. Undefined for what is no line. Nothing of it is
 * trusted: whoever sent it has chosen it.
 */
export function readRelayLine(payload: unknown): RelayLine | undefined {
  if (typeof payload === "string") return lineOf({}, { text: payload });
  const enveloped = v.safeParse(Enveloped, payload);
  if (enveloped.success) return lineOf(enveloped.output, enveloped.output.payload);
  const said = v.safeParse(Said, payload);
  return said.success ? lineOf({}, said.output) : undefined;
}

type SaidInput = v.InferInput<typeof Said>;

function lineOf(
  { id, type = "chat" }: { readonly id?: string; readonly type?: LineType },
  said: SaidInput,
): RelayLine {
  const { text, player = "", audience = "all" } = said;
  const { name, team = "" } = typeof player === "string" ? { name: player } : player;
  return {
    id,
    type,
    audience,
    player: safeName(name) ?? "",
    team: safeName(team) ?? "",
    text: safeText(text) ?? "",
  };
}

/** What a relay publishes. */
export function payloadOf(
  game: string,
  line: Pick<RelayLine, "audience" | "player" | "team" | "text">,
): Envelope["payload"] {
  const { audience, player, team, text } = line;
  return {
    game,
    audience,
    ...(player !== "" && { player: { name: player, ...(team !== "" && { team }) } }),
    text,
  };
}
