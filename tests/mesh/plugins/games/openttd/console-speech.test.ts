import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { assertCommand } from "../../../../../mesh/plugins/games/openttd/console-command.ts";
import {
  type ConsoleSpeech,
  readConsoleSpeech,
  runCommand,
} from "../../../../../mesh/plugins/games/openttd/console-speech.ts";
import { USER_BYTES_MAX } from "../../../../../mesh/plugins/games/openttd/limits.ts";
import {
  OpenttdError,
  type OpenttdErrorCode,
} from "../../../../../mesh/plugins/games/openttd/openttd-error.ts";
import type { SpokenLine } from "../../../../../mesh/plugins/games/text-reading.ts";
import { SettingsReader, type WrittenSettings } from "../../../../../mesh/settings-reader.ts";
import { openttdWords } from "../../../../helpers/games/console-commands.ts";
import { hostileLine } from "../arbitraries.ts";

const ALICE = { id: 7, name: "Alice" };

function speechOf(written: WrittenSettings): ConsoleSpeech {
  const settings = new SettingsReader(written);
  const speech = readConsoleSpeech(settings);
  settings.refuseUnknown("[game]");
  if (settings.problems.length > 0) throw new Error(JSON.stringify(settings.problems));
  return speech;
}

function wordsOf(spoken: SpokenLine | undefined): readonly string[] | undefined {
  if (spoken === undefined || typeof spoken === "string") return undefined;
  assertCommand(spoken.command);
  return openttdWords(spoken.command);
}

describe("a template of a console command", () => {
  const speech = speechOf({ say: 'say "{text}"', tell: 'say_client {id} "{text}"' });

  test("is not there unless it is written", () => {
    for (const written of [{}, { say: "", tell: "" }]) {
      expect(speechOf(written).say("hi")).toBeUndefined();
      expect(speechOf(written).tell(ALICE, "hi")).toBeUndefined();
    }
  });

  test("is filled with the text, the number and the name", () => {
    expect(speech.say('say "hi"\\')).toEqual({ command: String.raw`say "say \"hi\"\ "` });
    expect(speech.tell(ALICE, "psst")).toEqual({ command: 'say_client 7 "psst"' });
    const byName = speechOf({ tell: 'pm "{player}" "{text}"' });
    expect(byName.tell({ id: 7, name: 'A"l' }, "psst")).toEqual({
      command: String.raw`pm "A\"l" "psst"`,
    });
  });

  test("shows nothing where there is nothing to be seen, or no room", () => {
    expect(speech.say("\u200b\n")).toBe("empty");
    expect(speech.tell(ALICE, " ")).toBe("empty");
    const byName = speechOf({ tell: `pm ${'"{player}" '.repeat(20)}"{text}"` });
    expect(byName.tell({ id: 7, name: "x".repeat(30) }, "psst")).toBe("unsupported");
  });

  test("makes one command of as many words as it has, whatever the text is", () => {
    const twice = speechOf({ say: 'say "<{text}> {text}"' });
    fc.assert(
      fc.property(hostileLine, (text) => {
        const said = wordsOf(speech.say(text));
        if (said === undefined) {
          expect(speech.say(text)).toBe("empty");
          return;
        }
        expect([said.length, said[0]]).toEqual([2, "say"]);
        const told = wordsOf(speech.tell(ALICE, text)) ?? [];
        expect([told.length, told[0], told[1]]).toEqual([3, "say_client", "7"]);
        const both = wordsOf(twice.say(text)) ?? [];
        expect([both.length, both[0]]).toEqual([2, "say"]);
      }),
      { numRuns: 500 },
    );
  });

  test("names a player as the player is called, or not at all", () => {
    const byName = speechOf({ tell: 'pm "{player}" "{text}"' });
    fc.assert(
      fc.property(hostileLine, (name) => {
        const spoken = byName.tell({ id: 7, name }, "psst");
        const words = wordsOf(spoken);
        if (words === undefined) expect(spoken).toBe("unsupported");
        else expect(words).toEqual(["pm", name, "psst"]);
      }),
      { numRuns: 500, examples: [['"'.repeat(USER_BYTES_MAX)]] },
    );
    expect(byName.tell({ id: 7, name: "Al\\" }, "psst")).toBe("unsupported");
  });

  test("that cannot be used is told", () => {
    const settings = new SettingsReader({ say: "say hi", tell: 'say "{text}"' });
    readConsoleSpeech(settings);
    expect(settings.problems.map(({ key, text }) => `${key} ${text}`)).toEqual([
      "say must have {text} in it; a value with ; or # in it stands in single quotes",
      "tell must have {player} or {id} in it",
    ]);
    const unquoted = new SettingsReader({ say: "say {text}", tell: 'pm {player} "{text}"' });
    readConsoleSpeech(unquoted);
    expect(unquoted.problems.map(({ key, text }) => `${key} ${text}`)).toEqual([
      "say must have {text} between double quotes: outside of them it could be more than text",
      "tell must have {player} between double quotes: outside of them it could be more than text",
    ]);
  });
});

describe("a command that was run", () => {
  test.each([
    ["[All] Relay: Command 'x' not found. Usage: 'x'", "sent"],
    ["Command 'nosuch' not found.", "failed"],
    ["ERROR: command 'nosuch' not found", "failed"],
    ["Chat to your fellow players in a multiplayer game. Usage: 'say \"<msg>\"'.", "failed"],
  ] as const)("and printed %j was %s", async (line, outcome) => {
    const rcon = async () => ({ lines: [line], truncated: false });
    expect(await runCommand({ rcon }, "x")).toBe(outcome);
  });

  test.each([
    ["queue_full", "queue_full"],
    ["closed", "down"],
    ["cancelled", "down"],
    ["timeout", "failed"],
    ["invalid_command", "failed"],
  ] as const)("and ended in %s was %s", async (code: OpenttdErrorCode, outcome) => {
    const rcon = async () => {
      throw new OpenttdError(code, "");
    };
    expect(await runCommand({ rcon }, "x")).toBe(outcome);
  });
});
