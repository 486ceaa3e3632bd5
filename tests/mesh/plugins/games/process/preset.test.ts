import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFile, constants, open } from "node:fs/promises";
import { PROCESS_PRESET } from "../../../../../mesh/plugins/games/process/preset.ts";
import { OpenSession } from "../../../../helpers/games/open-session.ts";
import { adapterOf, problemsOf } from "../../../../helpers/games/session-log.ts";
import { programOf } from "../../../../helpers/games/text-program.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";
import { until } from "../../../../helpers/turns.ts";

setDefaultTimeout(20_000);

const LINES = { chat: "^<(?<player>\\w+)> (?<text>.*)$", say: "say {text}" };

describe("a game that is a process", () => {
  test("asks for the time that it may take to end, and one that others run for none", () => {
    const stop_timeout_ms = "20000";
    expect(adapterOf(PROCESS_PRESET, { command: "game", stop_timeout_ms, ...LINES }).stopMs).toBe(
      42_500,
    );
    expect(adapterOf(PROCESS_PRESET, { log: "l", input: "i", ...LINES }).stopMs).toBeUndefined();
  });

  test("is started, read, spoken to, and started again after its end", async () => {
    await using folder = await TempFolder.create();
    const words = await programOf(
      folder,
      `console.log("\\x1b[32m<Alice>\\x1b[0m hi\\x1b[1m there\\x07");
       for await (const line of console) {
         console.log("<Echo> " + line);
         if (line === "say quit") process.exit(4);
       }`,
    );
    const adapter = adapterOf(PROCESS_PRESET, {
      command: words.map((word) => `"${word}"`).join(" "),
      ...LINES,
    });
    for (let life = 0; life < 2; life++) {
      await using opened = new OpenSession(adapter);
      const { log, session } = opened;
      await log.up();
      await log.heard({ type: "chat", player: { name: "Alice" }, text: "hi there" });
      expect(await session.say({ text: "one\nsay two" })).toBe("sent");
      await log.heard({ type: "chat", player: { name: "Echo" }, text: "say one say two" });
      await session.say({ text: "quit" });
      expect(await log.over()).toMatchObject({ kind: "lost" });
      expect(log.end?.text).toEndWith("ended with code 4");
      await session.close();
    }
  });

  test("somebody else started is read from its log, and spoken to by its pipe", async () => {
    await using folder = await TempFolder.create({ log: "<Old> line\n" });
    await Bun.$`mkfifo ${folder.at("input")}`.quiet();
    const game = await open(folder.at("input"), constants.O_RDONLY | constants.O_NONBLOCK);
    await using opened = new OpenSession(
      adapterOf(PROCESS_PRESET, { log: folder.at("log"), input: folder.at("input"), ...LINES }),
    );
    const { log, session } = opened;
    await log.up();
    await appendFile(folder.at("log"), "<Alice> hi\n");
    await log.heard({ type: "chat", player: { name: "Alice" }, text: "hi" });
    expect(await session.say({ text: "hello" })).toBe("sent");
    let heard = "";
    await until(() => {
      game.read().then(
        ({ buffer, bytesRead }) => {
          heard += buffer.toString("utf8", 0, bytesRead);
        },
        () => undefined,
      );
      return heard === "say hello\n";
    });
    await session.close();
    await game.close();
  });

  test("needs to know how the game writes and is spoken to", () => {
    expect(problemsOf(PROCESS_PRESET, {})).toEqual([
      "chat is missing: a pattern with the groups (?<player>...) and (?<text>...)",
      "say is missing: the command that shows {text}, such as: say {text}",
      "command is missing: what starts the game; or give its log and its input",
    ]);
    expect(problemsOf(PROCESS_PRESET, { ...LINES, command: "game", log: "x", input: "y" })).toEqual(
      ["input is for console = fifo; here feed = file and console = process are used"],
    );
    expect(
      problemsOf(PROCESS_PRESET, { ...LINES, log: "x", input: "y", stop_command: "quit" }),
    ).toEqual([
      "stop_command is for console = process; here feed = file and console = fifo are used",
    ]);
    expect(problemsOf(PROCESS_PRESET, { ...LINES, command: '"x' })).toEqual([
      "command has an open quote, or a backslash at its end",
    ]);
  });
});
