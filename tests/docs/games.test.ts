/** What the documents say of games and of their chat agrees with the code. */

import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../mesh/config/config-error.ts";
import { type IniSection, parseIni } from "../../mesh/config/ini.ts";
import { readConfig } from "../../mesh/config/read-config.ts";
import { type SayOutcome, SettingsReader, type WrittenSettings } from "../../mesh/index.ts";
import { noCounts } from "../../mesh/plugins/chat/outcome.ts";
import { checkChatSettings } from "../../mesh/plugins/chat/plugin.ts";
import { checkGameSettings } from "../../mesh/plugins/games/plugin.ts";
import { PRESETS } from "../../mesh/plugins/games/presets.ts";
import { PATTERN_KINDS } from "../../mesh/plugins/games/text/patterns.ts";
import { writtenPattern } from "../../mesh/plugins/games/text/written-pattern.ts";

const ROOT = join(import.meta.dir, "..", "..");
const SECRET = randomBytes(32).toString("hex");

/** Of presets that share one. */
const PAGES: Readonly<Record<string, string>> = { ddnet: "teeworlds" };

/** A record, so that the compiler asks for those that are new. */
const SAY_OUTCOMES: Readonly<Record<SayOutcome, true>> = {
  sent: true,
  empty: true,
  queue_full: true,
  down: true,
  unsupported: true,
  failed: true,
};

/** No key is so called, or nearly. */
const NO_KEY = "0".repeat(24);

type Check = (settings: SettingsReader) => void;

function docs(name: string): Promise<string> {
  return readFile(join(ROOT, "docs", name), "utf8");
}

function pageOf(preset: string): Promise<string> {
  return docs(join("games", `${PAGES[preset] ?? preset}.md`));
}

/** The rest of the text from its heading on, up to the next one of that depth. */
function sectionOf(text: string, heading: string): string {
  const start = text.indexOf(`\n${heading}\n`);
  if (start === -1) throw new Error(`there is no ${heading}`);
  const end = text.indexOf(`\n${heading.split(" ", 1)[0]} `, start + 1);
  return text.slice(start, end === -1 ? undefined : end);
}

/** What stands in code in the first column of its tables. */
function firstColumn(text: string): ReadonlySet<string> {
  const cells = [...text.matchAll(/^\| (`.*?) +\|/gm)].map(([, cell = ""]) => cell);
  return new Set(
    cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, key = ""]) => key)),
  );
}

/** Which keys are asked for, as a refused one is told. */
function keysOf(check: Check, written: WrittenSettings): readonly string[] {
  const { problems } = problemsOf(check, { ...written, [NO_KEY]: "" });
  const refusal = problems.find(({ key }) => key === NO_KEY)?.text ?? "";
  const [, keys] = /; its keys are (.+)$/.exec(refusal) ?? [];
  if (keys === undefined) throw new Error(`the keys are not told: ${refusal}`);
  return keys.split(", ");
}

function problemsOf(check: Check, written: WrittenSettings): SettingsReader {
  const reader = new SettingsReader(written);
  check(reader);
  reader.refuseUnknown("the section");
  return reader;
}

/** Of a key with choices. */
function choicesOf(check: Check, written: WrittenSettings, key: string): readonly string[] {
  const { problems } = problemsOf(check, { ...written, [key]: NO_KEY });
  const text = problems.find((problem) => problem.key === key)?.text ?? "";
  const [, choices] = /^must be one of (.+), not /.exec(text) ?? [];
  return choices?.split(", ") ?? [];
}

/** All keys of a preset, whatever its feed and its console are. */
function keysOfPreset(adapter: string): ReadonlySet<string> {
  const feeds = choicesOf(checkGameSettings, { adapter }, "feed");
  const consoles = choicesOf(checkGameSettings, { adapter }, "console");
  const variants = [
    { adapter },
    ...feeds.map((feed) => ({ adapter, feed })),
    ...consoles.map((console) => ({ adapter, console })),
  ];
  return new Set(variants.flatMap((written) => keysOf(checkGameSettings, written)));
}

/** The first kind whose pattern fits, in the order in which kinds are tried, and what its groups matched. */
function readBy(game: IniSection["keys"] | undefined, line: string): unknown {
  for (const kind of PATTERN_KINDS) {
    const written = game?.get(kind)?.value;
    if (typeof written !== "string") continue;
    const pattern = writtenPattern(kind, written);
    if ("problem" in pattern) throw new Error(pattern.problem);
    const groups = pattern.match(line);
    if (groups !== undefined) return [kind, { ...groups }];
  }
  return undefined;
}

describe("docs/CHAT.md", () => {
  test("explains every outcome of a line", async () => {
    const table = firstColumn(sectionOf(await docs("CHAT.md"), "## Why was it not shown?"));
    for (const outcome of Object.keys(noCounts())) expect(table).toContain(outcome);
    for (const outcome of Object.keys(SAY_OUTCOMES)) expect(table).toContain(outcome);
  });

  test("lists every key of [chat], and no other", async () => {
    const text = await docs("CHAT.md");
    const table = firstColumn(sectionOf(text, "## Two servers"));
    expect([...table].toSorted()).toEqual([...keysOf(checkChatSettings, {})].toSorted());
  });
});

describe("docs/GAMES.md", () => {
  test("lists every adapter with its page", async () => {
    const text = await docs("GAMES.md");
    for (const preset of Object.keys(PRESETS)) {
      const page = `games/${PAGES[preset] ?? preset}.md`;
      expect(text).toMatch(new RegExp(`^\\|.*\`${preset}\`.*\\(${page}\\) +\\|$`, "m"));
    }
  });

  test("shows an event in the form in which one is published", async () => {
    const section = sectionOf(await docs("GAMES.md"), "## Topics and the envelope");
    const [, json = ""] = /```json\n(.*?)```/s.exec(section) ?? [];
    const fields = firstColumn(section);
    for (const field of Object.keys(JSON.parse(json))) expect(fields).toContain(field);
  });

  test("reads the lines of its example as it says", async () => {
    const section = sectionOf(await docs("GAMES.md"), "### An example");
    const [, log = ""] = /```text\n(.*?)```/s.exec(section) ?? [];
    const [, ini = ""] = /```ini\n(.*?)```/s.exec(section) ?? [];
    const game = parseIni(ini).sections.get("game")?.keys;
    const read = log
      .trim()
      .split("\n")
      .map((line) => readBy(game, line));
    expect(read).toEqual([
      ["join", { player: "Alice" }],
      ["chat", { player: "Alice", text: "is anyone there?" }],
      ["ignore", {}],
      ["leave", { player: "Alice" }],
    ]);
  });
});

describe("the page of a game lists every key of its section, and no other:", () => {
  for (const preset of Object.keys(PRESETS)) {
    test(preset, async () => {
      const keys = keysOfPreset(preset);
      const page = await pageOf(preset);
      const table = /^\| key .*?\n\n/ms.exec(page)?.[0] ?? "";
      const listed = firstColumn(table);
      const general = await docs("GAMES.md");
      const shared = [
        "## Bots and bridges",
        "## Reading lines",
        "## Saying lines",
        "## Other ways to read and speak",
      ].map((heading) => sectionOf(general, heading));
      const texts = [page, ...shared];
      const missing = [...keys].filter((key) => !texts.some((text) => text.includes(`\`${key}\``)));
      // The one key of all games, with which each section to copy begins.
      expect(missing.filter((key) => key !== "adapter")).toEqual([]);
      for (const key of listed) expect([...keys]).toContain(key);
    });
  }
});

describe("every [game] and [chat] in the documents is accepted:", () => {
  const pages = readdirSync(join(ROOT, "docs/games")).map((file) => join("games", file));
  for (const page of ["../README.md", "GAMES.md", "CHAT.md", ...pages]) {
    test(page, async () => {
      const text = await docs(page);
      const blocks = [...text.matchAll(/^```ini\n(.*?)^```/gms)].map(([, block = ""]) => block);
      expect(blocks.length).toBeGreaterThan(0);
      for (const block of blocks) {
        expect(block).toContain("[game]\n");
        const environment = { CCP_MESH_SECRET: SECRET };
        // An example is no secret: whoever copies it makes one.
        const written = block.replace(/^secret = .*$/m, `secret = ${SECRET}`);
        const config = await readConfig({ path: page, text: written, environment });
        if (config instanceof ConfigError) throw config;
      }
    });
  }
});
