/** What the node tells a game's plugin. [GAME-3] */

import { beginningOf, cutLine, type GameLine, type GamePlayer, oneLine } from "../../../index.ts";
import { NAME_CHARS_MAX, SAY_BYTES_MAX } from "./limits.ts";

export type NodeMessage =
  | {
      readonly type: "say";
      readonly text: string;
      readonly audience: "all" | "admin";
      readonly origin?: { readonly server: string; readonly player: string; readonly text: string };
    }
  | { readonly type: "tell"; readonly player: GamePlayer; readonly text: string }
  | { readonly type: "error"; readonly message: string };

/** `undefined` if there is nothing in it to be shown. */
export function sayMessage({ text, origin, audience = "all" }: GameLine): NodeMessage | undefined {
  const line = fit(text, SAY_BYTES_MAX);
  if (line === "") return undefined;
  if (origin === undefined) return { type: "say", text: line, audience };
  const shown = {
    server: fit(origin.server, NAME_CHARS_MAX),
    player: fit(origin.player, NAME_CHARS_MAX),
    text: fit(origin.text, SAY_BYTES_MAX),
  };
  return { type: "say", text: line, audience, origin: shown };
}

/** As {@link sayMessage}. */
export function tellMessage({ name, id, team }: GamePlayer, text: string): NodeMessage | undefined {
  const line = fit(text, SAY_BYTES_MAX);
  if (line === "") return undefined;
  // The game knows its player by these as it told them.
  const player = { name, ...(id !== undefined && { id }), ...(team !== undefined && { team }) };
  return { type: "tell", player, text: line };
}

function fit(text: string, bytesMax: number): string {
  const line = oneLine(beginningOf(text, bytesMax)).trim();
  return cutLine(line, { bytesMax, ellipsis: "…" });
}
