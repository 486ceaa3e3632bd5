import { describe, expect, test } from "bun:test";
import { type WrittenSettings, SettingsReader } from "../../../../mesh/index.ts";
import {
  type ChatSettings,
  INCOMING,
  readChatSettings,
} from "../../../../mesh/plugins/chat/settings.ts";

function read(written: WrittenSettings): { settings: ChatSettings; problems: string[] } {
  const reader = new SettingsReader(written);
  const settings = readChatSettings(reader);
  reader.refuseUnknown("[chat]");
  return { settings, problems: reader.problems.map(({ key, text }) => `${key} ${text}`) };
}

function problemsOf(written: WrittenSettings): string[] {
  return read(written).problems;
}

describe("[chat]", () => {
  test("has a default for everything", () => {
    const { settings, problems } = read({});
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({
      send: ["global"],
      receive: ["global"],
      teamChannels: [],
      adminChannels: [],
      incoming: undefined,
      rates: { playerLines: 5, serverLines: 40, periodMs: 10_000 },
      rateNotice: true,
      historyLines: 0,
      privateMessages: false,
      playersCommand: false,
      commandPrefix: "!",
      echoMs: 30_000,
    });
    expect(settings.announce.size + settings.ignorePlayers.size).toBe(0);
    expect(settings.outgoing.apply({ text: "hi", player: "Alice" })).toBe("hi");
    expect(INCOMING.apply({ server: "surf", player: "Alice", text: "hi" })).toBe(
      "[surf] Alice: hi",
    );
  });

  test("is read as it is written", () => {
    const { settings, problems } = read({
      channels: "global, trade,global",
      receive: ["global", "news"],
      team_channels: "red",
      admin_channels: "staff",
      incoming: "{player}@{server}: {text}",
      outgoing: "({team}) {text}",
      player_lines: "2",
      server_lines: "20",
      rate_seconds: "5",
      rate_notice: "off",
      drop: ["a,b", "c"],
      mask: "darn",
      ignore_players: "Bot, Other",
      history: "10",
      private_messages: "on",
      players_command: "on",
      command_prefix: ".",
      announce: "join, down",
      echo_seconds: "0",
    });
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({
      send: ["global", "trade"],
      receive: ["global", "news"],
      teamChannels: ["red"],
      adminChannels: ["staff"],
      rates: { playerLines: 2, serverLines: 20, periodMs: 5000 },
      rateNotice: false,
      historyLines: 10,
      privateMessages: true,
      playersCommand: true,
      commandPrefix: ".",
      echoMs: 0,
    });
    expect([...settings.announce]).toEqual(["join", "down"]);
    expect([...settings.ignorePlayers]).toEqual(["bot", "other"]);
    expect(settings.filters.apply("has a,b")).toEqual({ kind: "drop", index: 0 });
    expect(settings.filters.apply("darn it")).toEqual({ kind: "pass", text: "*** it" });
    expect(settings.incoming?.apply({ server: "s", player: "p", text: "t" })).toBe("p@s: t");
    expect(settings.outgoing.apply({ team: "red", text: "t" })).toBe("(red) t");
  });

  test("with no channels leaves the chat in the game", () => {
    expect(read({ channels: "" }).settings).toMatchObject({ send: [], receive: [] });
    expect(read({ send: "" }).settings).toMatchObject({ send: [], receive: ["global"] });
  });

  const mustName = "must name channels of 1 to 32 letters, digits, dashes or underscores";

  test.each<[WrittenSettings, string]>([
    [{ channels: "a.b" }, `channels ${mustName}, not "a.b"`],
    [{ send: ">" }, `send ${mustName}, not ">"`],
    [{ receive: "x".repeat(33) }, `receive ${mustName}, not "${"x".repeat(33)}"`],
    [
      { team_channels: Array.from({ length: 17 }, (_, at) => `c${at}`) },
      "team_channels names 17 channels, more than 16; leave some out",
    ],
    [
      { incoming: "{name}: {text}" },
      "incoming has an unknown {name}; known are {server}, {player}, {text}, {channel}, {team}",
    ],
    [{ outgoing: "hi" }, "outgoing shows nothing of what was said; add {text} to it"],
    [{ player_lines: "0" }, 'player_lines must be a whole number from 1 to 1000, not "0"'],
    [{ history: "101" }, 'history must be a whole number from 0 to 100, not "101"'],
    [
      { drop: ["fine", "(bad"] },
      'drop "(bad" cannot be read as a regular expression: missing closing ): `(bad`',
    ],
    [{ mask: "a*" }, 'mask "a*" matches where there is nothing, and so in every line'],
    [
      { drop: Array.from({ length: 60 }, () => "a"), mask: Array.from({ length: 41 }, () => "b") },
      "drop makes 101 filters of drop and mask, more than 100; join some with |",
    ],
    [{ command_prefix: "! " }, 'command_prefix must be 1 to 8 characters without spaces, not "! "'],
    [
      { announce: "join, part" },
      'announce knows no "part"; it takes any of join, leave, up, down, map',
    ],
    [{ echo_seconds: "601" }, 'echo_seconds must be a whole number from 0 to 600, not "601"'],
    [
      { ignore_players: Array.from({ length: 101 }, (_, at) => `bot${at}`) },
      "ignore_players names 101 players, more than 100; leave some out",
    ],
    [{ channel: "global" }, 'channel is no key of [chat]; did you mean "channels"?'],
  ])("%j is a problem", (written, problem) => {
    expect(problemsOf(written)).toEqual([problem]);
  });

  test("tells all problems at once", () => {
    expect(problemsOf({ channels: "!", drop: ["(", "["], announce: "x, y" }).length).toBe(5);
  });
});
