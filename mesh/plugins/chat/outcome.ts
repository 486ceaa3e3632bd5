import type { SayOutcome } from "../../index.ts";

/**
 * What became of a line.
 *
 * | outcome | it means |
 * |---|---|
 * | `sent` | it went to the other nodes |
 * | `shown` | the game's console has taken it; no game tells whether players have seen it |
 * | `command` | it was meant for the relay itself, as `!players` is |
 * | `own` | it is this node's own, come back |
 * | `duplicate` | this message was here already |
 * | `echo` | a bot or a bridge repeats a line of somebody else |
 * | `repeated` | the same player said the same a moment ago, or for the third time |
 * | `muted` | its player or its server is muted |
 * | `filtered` | a pattern of `drop` matches it |
 * | `player_rate` | its player has said more than `player_lines` |
 * | `server_rate` | its server has said more than `server_lines` |
 * | `ignored_player` | its player is one of `ignore_players` |
 * | `not_sent_here` | this server sends such lines to no channel |
 * | `not_received_here` | this server does not show the lines of its channel, or takes no private lines |
 * | `player_left` | the player to whom it was written is not there any more |
 * | `empty` | nothing of it can be shown |
 * | `game_down` | there is no game, or its console is not there now |
 * | `queue_full` | too many lines wait for the game's console |
 * | `unsupported` | the game cannot show such a line, to administrators alone for example |
 * | `failed` | the game's console refused it, or did not answer; or it could not be published |
 * | `bad_message` | what came on its topic is no line of chat |
 */
export type Outcome = keyof typeof NO_COUNTS;

const NO_COUNTS = {
  sent: 0,
  shown: 0,
  command: 0,
  own: 0,
  duplicate: 0,
  echo: 0,
  repeated: 0,
  muted: 0,
  filtered: 0,
  player_rate: 0,
  server_rate: 0,
  ignored_player: 0,
  not_sent_here: 0,
  not_received_here: 0,
  player_left: 0,
  empty: 0,
  game_down: 0,
  queue_full: 0,
  unsupported: 0,
  failed: 0,
  bad_message: 0,
} as const;

const OF_SAYING: Readonly<Record<SayOutcome, Outcome>> = {
  sent: "shown",
  empty: "empty",
  queue_full: "queue_full",
  down: "game_down",
  unsupported: "unsupported",
  failed: "failed",
};

/** Of a line that the game was given. */
export function outcomeOfSaying(outcome: SayOutcome): Outcome {
  return OF_SAYING[outcome];
}

/** Whether the game was not even given the line. One that `failed` by a slow console was mostly seen by the players. */
export function isNotGiven(outcome: Outcome): boolean {
  return outcome === "game_down" || outcome === "queue_full";
}

/** Decisions by their outcomes. */
export type OutcomeCounts = Record<Outcome, number>;

export function noCounts(): OutcomeCounts {
  return { ...NO_COUNTS };
}

export function isOutcome(value: unknown): value is Outcome {
  return typeof value === "string" && Object.hasOwn(NO_COUNTS, value);
}
