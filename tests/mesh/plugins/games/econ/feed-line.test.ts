import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { type FeedLine, readFeedLine } from "../../../../../mesh/plugins/games/econ/feed-line.ts";

/** What Teeworlds 0.7.5 and DDNet 16.4 print. */
const LINES: readonly (readonly [line: string, said: FeedLine | undefined])[] = [
  [
    "[07:11:12][chat]: 1:0:Alice: text",
    { type: "chat", id: 0, audience: "all", rest: "Alice: text" },
  ],
  [
    "[2026-11-22 12:53:54][teamchat]: 2:0:1:Bob é: team",
    { type: "chat", id: 1, audience: "team", rest: "Bob é: team" },
  ],
  [
    "2026-11-22 12:54:42 I chat: 0:-2:a: b'c: x: y",
    { type: "chat", id: 0, audience: "all", rest: "a: b'c: x: y" },
  ],
  [
    "2026-11-22 12:54:42 I teamchat: 1:0:Bob é: team",
    { type: "chat", id: 1, audience: "team", rest: "Bob é: team" },
  ],
  ["[12:50:28][chat]: *** hello", { type: "server_chat", text: "hello" }],
  [
    "2026-11-22 12:54:42 I chat: *** 'Bob é' entered and joined the game",
    { type: "server_chat", text: "'Bob é' entered and joined the game" },
  ],
  [
    "[12:53:54][server]: player has entered the game. ClientID=1 addr=127.0.0.1:48589",
    { type: "entered", id: 1 },
  ],
  [
    "2026-11-22 12:54:42 I server: player has entered the game. ClientID=0 addr=<{127.0.0.1:50982}> sixup=1",
    { type: "entered", id: 0 },
  ],
  ["[12:53:55][game]: leave player='0:a: b'c'", { type: "leave", id: 0, name: "a: b'c" }],
  ["2026-11-22 12:54:43 I game: leave player='1:Bob é'", { type: "leave", id: 1, name: "Bob é" }],
  ["[12:54:44][game]: team_join player='0:Ann' team=0", { type: "team", id: 0, name: "Ann" }],
  ["[12:54:44][game]: team_join player='0:Ann' team=0->-1", { type: "team", id: 0, name: "Ann" }],
  [
    "2026-11-22 12:54:42 I game: team_join player='3:x' team=1' m_Team=-1",
    { type: "team", id: 3, name: "x' team=1" },
  ],
  [
    "[12:53:54][server]: id=0 addr=127.0.0.1:33899 client=705 name='a' score=1' score=0 ",
    { type: "status", id: 0, name: "a' score=1" },
  ],
  [
    "2026-11-22 12:54:42 I server: id=0 addr=<{127.0.0.1:50982}> name='a: b'c' client=0.7:-1 secure=yes flags=0",
    { type: "status", id: 0, name: "a: b'c" },
  ],
  ["[12:50:30][server]: maps/dm2.map crc is 054b1259", { type: "map", map: "dm2" }],
  [
    "2026-11-22 12:55:28 I datafile: loading done. datafile='maps/Gold Mine.map'",
    { type: "map", map: "Gold Mine" },
  ],
  ["[12:50:30][Console]: Value: dm1", { type: "console", text: "Value: dm1" }],
  ["2026-11-22 12:54:41 I console: hi", { type: "console", text: "hi" }],
  ["[12:53:54][whisper]: 3:0:1:Bob: psst", { type: "private" }],
  ["[12:53:54][server]: cid=0 cmd='say \"maps/x.map crc is 0\"'", { type: "private" }],
  ["2026-11-22 12:54:42 I server: cid=0 cmd='ec_password x'", { type: "private" }],
  ["[12:53:54][server]: ClientID=0 rcon='sv_rcon_password x'", { type: "private" }],
  ["2026-11-22 12:54:42 I server: failed to load map. mapname='nope'", undefined],
  ["[12:53:54][chat]: no chat", undefined],
  ["[12:53:54][server]: id=1 addr=127.0.0.1:1 connecting", undefined],
  ["Logout", undefined],
  ["", undefined],
];

test.each(LINES.map(([line, said]) => ({ line, said })))("reads $line", ({ line, said }) => {
  expect(readFeedLine(line)).toEqual(said);
});

test("a line that a server cut within a character ends before it, and control characters are spaces", () => {
  expect(readFeedLine("[1][chat]: 1:0:A: \x1b[31mred\tx\uFFFD")).toMatchObject({
    rest: "A:  [31mred x",
  });
});

test("no text of a player's is taken for anything but chat", () => {
  const forgery = fc.oneof(
    fc.constantFrom(...LINES.map(([line]) => line)),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(forgery, forgery, (name, text) => {
      for (const line of [
        `[1:1:1][chat]: 1:7:${name}: ${text}`,
        `2026-11-22 12:54:42 I chat: 7:-2:${name}: ${text}`,
      ]) {
        expect(readFeedLine(line)).toMatchObject({ type: "chat", id: 7, audience: "all" });
      }
    }),
  );
});
