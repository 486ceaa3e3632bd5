/**
 * The log of the Source engine and of Counter-Strike 2.
 *
 * Nothing in it is escaped: a name, a text or a reason to leave may be written like the end of a name and what
 * follows it. So a line counts only if there is a single place in it where a name can end, which is the true one
 * then. Who makes a second one is not heard, and can speak for nobody.
 */

import type { BuiltInPatterns } from "../text-game.ts";

/** `L 11/22/2026 - 07:11:12: `, or `11/22/2026 - 07:11:12.345 - ` */
const DATE = String.raw`^(?:L )?\d\d\/\d\d\/\d{4} - \d\d:\d\d:\d\d(?:\.\d{3})?(?:: | - )`;

/** The end of a player's name: number, account, team. */
const END = String.raw`<\d+><[^<>]*><[^<>]*>"`;

/** Any text in which no name can end. */
const TEXT = `(?:(?!${END}).)*`;

/** A player at the beginning of a line, and what the game says of them; `rest` is the whole rest of the line. */
function player(rest: string, { account = "[^<>]*" }: { readonly account?: string } = {}): RegExp {
  return new RegExp(
    String.raw`${DATE}"(?<player>${TEXT})<(?<id>\d+)><${account}><(?<team>[^<>]*)>" ${rest}$`,
    "u",
  );
}

function line(rest: string): RegExp {
  return new RegExp(`${DATE}${rest}`, "u");
}

/** What a game says often of players, of which nothing is told on. */
const DEEDS = [
  "killed",
  "assisted",
  "attacked",
  "triggered",
  "committed suicide",
  "joined team",
  "switched from team",
  "changed role",
  "spawned as",
  "picked up",
  "purchased",
  "left buyzone",
  "money change",
  "threw",
  "blinded",
  "was killed",
  "connected",
  "address",
  "STEAM USERID validated",
  "position_report",
].join("|");

const NOTICES = [
  "World ",
  "Team ",
  "rcon from ",
  "server_cvar",
  "server cvar",
  "Server cvar",
  "Log file ",
  "Server shutdown",
  "-------- Mapchange",
  "Molotov ",
  "ACCOLADE",
  "JSON_",
  "Vote ",
  "Bad Rcon",
  '"[a-z_]+" = "',
  String.raw`\[META\]`,
].join("|");

export const SOURCE_PATTERNS: BuiltInPatterns = {
  ignore: [
    // The server's own speech, the lines of this node among it.
    player(".*", { account: "Console" }),
    player(".*", { account: "BOT" }),
    // Two players may stand in these.
    line(String.raw`"[^"]*<\d+><[^<>]*><[^<>]*>"(?: \[[-\d ]*\])? (?:${DEEDS})(?:[ ",]|$)`),
    line(`(?:${NOTICES})`),
  ],
  team_chat: [player(String.raw`say_team "(?<text>${TEXT})"(?: \(dead\))?`)],
  chat: [player(String.raw`say "(?<text>${TEXT})"(?: \(dead\))?`)],
  join: [player("entered the game")],
  leave: [player(String.raw`disconnected(?: \(reason "${TEXT})?`)],
  rename: [
    new RegExp(
      String.raw`${DATE}"(?<before>${TEXT})<(?<id>\d+)><[^<>]*><(?<team>[^<>]*)>" changed name to "(?<player>${TEXT})"$`,
      "u",
    ),
  ],
  map: [line('(?:Loading|Started) map "(?<map>[^"]*)"')],
};
