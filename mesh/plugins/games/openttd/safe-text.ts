import { beginningOf, cutLine, oneLine } from "../../../index.ts";
/** Text from elsewhere, made fit to stand in one line of the game's chat or console. */

/** The game's own codes and sprites. */
const PRIVATE = /\p{Co}/gu;

const SPACES = /\s+/gu;

/** Something to be seen. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** As one line with nothing hidden in it, its spaces kept. */
export function plainLine(text: string): string {
  return oneLine(text).replace(PRIVATE, "");
}

/** As one line, at most `bytesMax` bytes long in UTF-8; empty where there is nothing to be seen. */
export function safeText(text: string, bytesMax: number): string {
  const line = plainLine(beginningOf(text, bytesMax)).replace(SPACES, " ").trim();
  return VISIBLE.test(line) ? cutText(line, bytesMax) : "";
}

/** At most `bytesMax` bytes of it; what is cut ends in "…". */
export function cutText(text: string, bytesMax: number): string {
  return cutLine(text, { bytesMax, ellipsis: "…" });
}
