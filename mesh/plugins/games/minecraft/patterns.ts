/**
 * The log of a Minecraft server: as it comes, of Paper, of Forge. A text begins behind the name and a name has no
 * angle brackets, so that no text can look like another player's.
 */

import type { BuiltInPatterns } from "../text-game.ts";

/** `[12:06:44] [Server thread/INFO]: `, `[00:12:10 INFO]: `, with another pair of brackets behind it on Forge. */
const HEAD = String.raw`^\[[^\]]*\](?: \[[^\]]*\]){0,2}: `;

/** Bedrock players have a `.` before their names where a proxy lets them in. */
const NAME = String.raw`[.*]?\w{1,16}`;

const NOTICES = [
  String.raw`\[Server\] `,
  String.raw`\[Rcon\] `,
  String.raw`\[Rcon: `,
  String.raw`Thread RCON `,
  "UUID of player ",
  "Saving ",
  "Saved ",
  "ThreadedAnvilChunkStorage",
  "Can't keep up!",
  String.raw`${NAME} issued server command: `,
  String.raw`${NAME} lost connection: `,
  String.raw`${NAME}\[[^\]]*\] logged in with entity id `,
  String.raw`${NAME} has (?:made the advancement|completed the challenge|reached the goal) `,
].join("|");

function line(rest: string): RegExp {
  return new RegExp(`${HEAD}${rest}`, "u");
}

export const MINECRAFT_PATTERNS: BuiltInPatterns = {
  ignore: [line(String.raw`(?:\[Not Secure\] )?(?:${NOTICES})`)],
  chat: [line(String.raw`(?:\[Not Secure\] )?<(?<player>[^<>]+)> (?<text>.*)$`)],
  join: [line(String.raw`(?<player>${NAME})(?: \(formerly known as \w+\))? joined the game$`)],
  leave: [line(String.raw`(?<player>${NAME}) left the game$`)],
};
