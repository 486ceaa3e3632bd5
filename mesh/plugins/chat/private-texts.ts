/** What the sender of a private line is told of it. */

import type { MeshErrorCode } from "../../index.ts";
import type { FoundPlayer, PlayerQuery } from "./find-player.ts";
import type { Outcome } from "./outcome.ts";

interface Addressee {
  /** Where it was decided. */
  readonly server: string;
  readonly name: string;
}

export function outcomeText(outcome: Outcome, { server, name }: Addressee): string {
  if (outcome === "shown") return `to ${name}@${server}: sent`;
  return `not shown: ${reasonOf(outcome, { server, name })}`;
}

function reasonOf(outcome: Outcome, { server, name }: Addressee): string {
  switch (outcome) {
    case "muted":
      return `you are muted on ${server}`;
    case "filtered":
      return `a filter of ${server} keeps it back`;
    case "player_rate":
    case "server_rate":
      return "your lines come too fast; wait a little";
    case "echo":
      return "somebody else has written the same a moment ago";
    case "repeated":
      return "you have written the same a moment ago";
    case "player_left":
      return `${name} does not play on ${server} any more`;
    case "not_received_here":
      return `${server} takes no private lines`;
    case "unsupported":
      return `the game of ${server} has no private lines`;
    case "game_down":
      return `the game of ${server} is down`;
    case "queue_full":
      return `the game of ${server} has too much to show; try again`;
    case "empty":
      return "nothing of it can be shown";
    default:
      return `the game of ${server} has not taken it`;
  }
}

/** Where the mesh has no answer of the other node. */
export function notReachedText(code: MeshErrorCode, server: string): string {
  switch (code) {
    case "unknown_service":
      return outcomeText("not_received_here", { server, name: "" });
    case "request_timeout":
      return `not shown: ${server} did not answer`;
    case "remote_busy":
    case "too_many_requests":
    case "queue_full":
      return `not shown: there is too much on the way to ${server}; try again`;
    case "remote_failure":
      return `not shown: ${server} could not show it`;
    default:
      return `not shown: ${server} cannot be reached`;
  }
}

export function notFoundText(
  { name, server }: PlayerQuery,
  found: Exclude<FoundPlayer, { kind: "found" }>,
): string {
  if (found.kind === "nobody") {
    return `nobody called ${name}${server === undefined ? "" : `@${server}`} plays anywhere`;
  }
  const more = found.more > 0 ? ` and ${found.more} more` : "";
  return `several are meant: ${found.candidates.join(", ")}${more}`;
}
