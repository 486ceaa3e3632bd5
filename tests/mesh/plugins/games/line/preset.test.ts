import { describe, expect, test } from "bun:test";
import { LINE_PRESET } from "../../../../../mesh/plugins/games/line/preset.ts";
import { adapterOf, problemsOf } from "../../../../helpers/games/session-log.ts";

const LINES = { port: "4201", chat: "^<(?<player>\\w+)> (?<text>.*)$", say: "say {text}" };

describe("the settings of a line", () => {
  test("a port, and how the game writes and is spoken to, are enough", () => {
    expect(adapterOf(LINE_PRESET, LINES).where).toBe("127.0.0.1:4201");
    expect(adapterOf(LINE_PRESET, { ...LINES, game: "mux" }).game).toBe("mux");
  });

  test("what is missing or wrong is told", () => {
    expect(problemsOf(LINE_PRESET, {})).toEqual([
      "chat is missing: a pattern with the groups (?<player>...) and (?<text>...)",
      "say is missing: the command that shows {text}, such as: say {text}",
      "port is missing: the port of the game's console",
    ]);
    expect(problemsOf(LINE_PRESET, { ...LINES, login: "connect {password}" })).toEqual([
      "password is missing: login has {password} in it",
    ]);
    expect(problemsOf(LINE_PRESET, { ...LINES, password: "x" })).toEqual([
      "login must have {password} where the password is to stand",
    ]);
    expect(problemsOf(LINE_PRESET, { ...LINES, ready: "(", ping: "a\nb" })).toEqual([
      expect.stringContaining("ready cannot use the pattern"),
      "ping must be one line without control characters",
    ]);
    expect(problemsOf(LINE_PRESET, { ...LINES, login: Array(20).fill("x") })).toEqual([
      "login has more than 16 lines",
    ]);
  });
});
