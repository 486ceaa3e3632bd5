import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { GamePlayer } from "../../../../mesh/index.ts";
import { readOwnGrammar } from "../../../../mesh/plugins/games/console/own-lines.ts";
import { readEconSpeech } from "../../../../mesh/plugins/games/econ/say.ts";
import { readMinecraftSpeech } from "../../../../mesh/plugins/games/minecraft/speech.ts";
import { readConsoleSpeech } from "../../../../mesh/plugins/games/openttd/console-speech.ts";
import { readSourceSpeech } from "../../../../mesh/plugins/games/source/speech.ts";
import { ESCAPES, type EscapeName } from "../../../../mesh/plugins/games/text/escape.ts";
import type { SpokenLine } from "../../../../mesh/plugins/games/text/parts.ts";
import { SettingsReader } from "../../../../mesh/settings-reader.ts";
import {
  openttdWords,
  quotedCommands,
  sourceCommands,
} from "../../../helpers/games/console-commands.ts";
import { commandsIn } from "../../../helpers/games/econ-console.ts";
import { HOSTILE_LINES } from "../../../helpers/games/hostile-lines.ts";
import { hostileLine } from "./arbitraries.ts";

interface Spoken {
  say(text: string): SpokenLine | undefined;
  tell(player: GamePlayer, text: string): SpokenLine | undefined;
}

interface Game {
  readonly escapes: readonly (EscapeName | undefined)[];
  read(settings: SettingsReader): Spoken;
  /** What a console does with a line, without what is only shown: a command each. */
  runs(line: string, escape: EscapeName | undefined, harmless: string): readonly string[];
}

const TEXTS = [
  "{text}",
  '"{text}"',
  '"* {text}"',
  "* {text}",
  ":{text}",
  "say %{text}",
  "say %q{text}",
  "say {text}",
  'say "{text}"',
  'say "{text}',
  'say "{text}" x',
  'say "{text}" {text}',
  'say "{text}"; say "{text}"',
  'say "{text}"; {text}',
  'say "{text}"; "{text}"',
  'say \\"{text}"',
  'say "\\{text}"',
  'say "a\\" {text}"',
  "say{text}",
  'say"{text}"',
  's"{text}"',
  "/{text}",
  "minecraft:{text}",
  "@emit \\{text}",
  "'say {text}'",
  'say // "{text}"',
  'say # "{text}"',
  'say {"text":"{text}"}',
  'tellraw @a {"text":"{text}"}',
  'tellraw @a {"text":{text}}',
  'tellraw @a "{text}"',
  'tellraw @a ["",{"text":"{text}","color":"red"}]',
  'tellraw @a {"selector":"{text}"}',
  'tellraw @a {"text":"x","clickEvent":{"action":"run_command","value":"/{text}"}}',
  'tellraw @a {"text":"x","clickEvent":{"action":"run_command","value":["/{text}"]}}',
  'tellraw @a {"text":"","extra":["{text}"]}',
  'tellraw @a {"text":"{text}"} {text}',
] as const;

const TELLS = [
  'pm {id} "{text}"',
  'pm "{player}" "{text}"',
  'pm {player} "{text}"',
  "pm {player} {text}",
  "{player} {text}",
  '"{player}" "{text}"',
  'tellraw {player} {"text":"{text}"}',
  'tellraw "{player}" {"text":"{text}"}',
] as const;

/** The names of the commands. */
function names(commands: readonly string[]): string[] {
  return commands.map((command) => /^\S*/.exec(command)?.[0] ?? "");
}

/** JSON without its texts; in Minecraft, whatever else is in it does something, or looks something up. */
function shapeOf(json: unknown, isText: (member: string) => boolean, holds = true): unknown {
  if (typeof json === "string") return holds ? "a text" : json;
  if (typeof json !== "object" || json === null) throw new Error("no component");
  if (Array.isArray(json)) return json.map((item) => shapeOf(item, isText, holds));
  return Object.entries(json).map(([member, value]) => [
    member,
    isText(member) || typeof value === "object"
      ? shapeOf(value, isText, isText(member) || member === "extra")
      : value,
  ]);
}

/** A command, the number of its words before the JSON with which it ends, and the JSON. */
function jsonCommand(line: string, isText: (member: string) => boolean): string[] {
  if (line.includes("\n")) throw new Error("it is two lines");
  for (const { index } of line.matchAll(/[{["]/g)) {
    const before = line.slice(0, index).split(" ");
    try {
      const json: unknown = JSON.parse(line.slice(index));
      return [before[0] ?? "", String(before.length), JSON.stringify(shapeOf(json, isText))];
    } catch {
      // It begins further on.
    }
  }
  throw new Error("it ends with no JSON");
}

const spokenBy = (speech: {
  say(line: { readonly text: string }): SpokenLine;
  tell(player: GamePlayer, text: string): SpokenLine;
}): Spoken => ({
  say: (text) => speech.say({ text }),
  tell: (player, text) => speech.tell(player, text),
});

const GAMES: Readonly<Record<string, Game>> = {
  source: {
    escapes: ESCAPES,
    read: (settings) => spokenBy(readSourceSpeech(settings)),
    runs: (line) => names(sourceCommands(`${line}\n`)),
  },
  minecraft: {
    escapes: ESCAPES,
    read: (settings) => spokenBy(readMinecraftSpeech(settings)),
    runs: (line) => jsonCommand(line, (member) => member === "text"),
  },
  "teeworlds and ddnet": {
    escapes: ESCAPES,
    read: (settings) => spokenBy(readEconSpeech(settings)),
    runs: (line) => commandsIn(line).map(({ name }) => name),
  },
  openttd: {
    escapes: [undefined],
    read: (settings) => {
      const speech = readConsoleSpeech(settings);
      return {
        say: (text) => speech.say(text),
        tell: ({ name }, text) => speech.tell({ id: 7, name }, text),
      };
    },
    // It takes a line for one command; another number of words would be another command.
    runs: (line) => {
      const words = openttdWords(line);
      return [words[0] ?? "", String(words.length)];
    },
  },
  "process and line": {
    escapes: ESCAPES,
    read: (settings) => spokenBy(readOwnGrammar(settings)),
    runs: (line, escape, harmless) => {
      switch (escape) {
        case "chat":
          // Each line is shown, whatever it is.
          return line.split(/[\r\n]/).map(() => "a line of chat");
        case "quotes":
          return names(quotedCommands(line));
        case "apostrophe":
          return names(sourceCommands(`${line}\n`));
        case "json":
          return jsonCommand(line, () => true);
        case "mux":
          return [...names([line]), line.replace(/\\./gu, "").replace(/[^\\%[\]{};,()]/gu, "")];
        default:
          // The rest of the line is text, unless the operator shows that the console knows quotes.
          return names(harmless.includes('"') ? sourceCommands(`${line}\n`) : [line]);
      }
    },
  },
};

const PLAYER: GamePlayer = { name: "Al", id: "7" };

function commandOf(spoken: SpokenLine | undefined): string | undefined {
  return typeof spoken === "object" ? spoken.command : undefined;
}

function accepted(game: Game, written: Readonly<Record<string, string>>): Spoken | undefined {
  const settings = new SettingsReader({ chat: "^(?<player>.)(?<text>.)", ...written });
  const speech = game.read(settings);
  return settings.problems.length > 0 ? undefined : speech;
}

/** Every combination that a config may have, and how it is used with a text and a name. */
function* combinations(game: Game): Generator<{
  readonly escape: EscapeName | undefined;
  readonly command: (text: string, name: string) => string | undefined;
}> {
  for (const escape of game.escapes) {
    const written = escape === undefined ? {} : { escape };
    for (const say of TEXTS) {
      const speech = accepted(game, { ...written, say });
      if (speech !== undefined) yield { escape, command: (text) => commandOf(speech.say(text)) };
    }
    for (const tell of TELLS) {
      const says = ["say {text}", 'say "{text}"', 'tellraw @a {"text":"{text}"}'];
      const speech = says.map((say) => accepted(game, { ...written, say, tell })).find(Boolean);
      if (speech === undefined) continue;
      yield {
        escape,
        command: (text, name) => commandOf(speech.tell({ ...PLAYER, name }, text)),
      };
    }
  }
}

describe("what a config may say", () => {
  test.each(Object.keys(GAMES))("never runs a second command, whatever is said: %s", (name) => {
    const game = GAMES[name];
    if (game === undefined) throw new Error(`there is no ${name}`);
    const all = [...combinations(game)];
    expect(all.length).toBeGreaterThan(2);
    for (const { escape, command } of all) {
      const harmless = command("hi", "Al") ?? "";
      const expected = game.runs(harmless, escape, harmless);
      const check = (text: string, player: string): void => {
        const line = command(text, player);
        if (line === undefined) return;
        expect(game.runs(line, escape, harmless)).toEqual([...expected]);
      };
      for (const text of HOSTILE_LINES) {
        check(text, "Al");
        check("hi", text);
      }
      fc.assert(
        fc.property(hostileLine, (text) => {
          check(text, "Al");
          check("hi", text);
        }),
        { numRuns: 60 },
      );
    }
  });
});
