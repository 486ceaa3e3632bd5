import { describe, expect, test } from "bun:test";
import { appendFile } from "node:fs/promises";
import * as fc from "fast-check";
import { SettingsReader, type WrittenSettings } from "../../../../../mesh/index.ts";
import type { GameSession } from "../../../../../mesh/plugins/games/adapter.ts";
import { MINECRAFT_PRESET } from "../../../../../mesh/plugins/games/minecraft/preset.ts";
import { readTellraw, UNSAFE } from "../../../../helpers/games/console-commands.ts";
import { HOSTILE_LINES } from "../../../../helpers/games/hostile-lines.ts";
import { RconServer } from "../../../../helpers/games/rcon-server.ts";
import { ToldSession } from "../../../../helpers/games/told-session.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";
import { until } from "../../../../helpers/turns.ts";
import { hostileLine } from "../arbitraries.ts";

const HEAD = "[12:06:44] [Server thread/INFO]: ";

function problemsOf(written: WrittenSettings): string[] {
  const settings = new SettingsReader(written);
  MINECRAFT_PRESET.create(settings);
  settings.refuseUnknown("a minecraft game");
  return settings.problems.map(({ key, text }) => `${key} ${text}`);
}

function open(written: WrittenSettings): { told: ToldSession; session: GameSession } {
  const settings = new SettingsReader(written);
  const adapter = MINECRAFT_PRESET.create(settings);
  settings.refuseUnknown("a minecraft game");
  expect(settings.problems).toEqual([]);
  const told = new ToldSession();
  return { told, session: adapter.open(told) };
}

async function rconServer(): Promise<RconServer> {
  return await RconServer.listen({ style: "minecraft", password: "secret", answer: () => "" });
}

describe("a Minecraft server", () => {
  test("is heard to the last line, and its players stay, while RCON is dropped", async () => {
    await using rcon = await rconServer();
    await using folder = await TempFolder.create({ "latest.log": "" });
    const log = folder.at("latest.log");
    const { told, session } = open({ password: "secret", port: String(rcon.port), log });
    await told.up();
    await appendFile(log, `${HEAD}Alice joined the game\n`);
    await told.eventsOf(1);
    for (let line = 1; line <= 60; line++) {
      await appendFile(log, `${HEAD}<Alice> ${line}\n`);
      if (line === 20) rcon.dropAll();
      if (line % 20 === 0) await told.eventsOf(line + 1);
    }
    const texts = told.events.flatMap((event) => (event.type === "chat" ? [event.text] : []));
    expect(texts).toEqual(Array.from({ length: 60 }, (_, index) => String(index + 1)));
    await until(() => told.troubles.length >= 3);
    expect(told.troubles).toEqual([
      undefined,
      expect.objectContaining({ kind: "lost" }),
      undefined,
    ]);
    expect(await session.say({ text: "hi" })).toBe("sent");
    expect([told.ends, told.starts.length]).toEqual([[], 1]);
    await session.close();
  });

  test("is lost once nobody listens at its RCON any more", async () => {
    const rcon = await rconServer();
    await using folder = await TempFolder.create({ "latest.log": "" });
    const log = folder.at("latest.log");
    const { told, session } = open({ password: "secret", port: String(rcon.port), log });
    await told.up();
    await rcon[Symbol.asyncDispose]();
    expect(await told.end()).toMatchObject({ kind: "lost" });
    await session.close();
  });

  test("is heard although its password is another", async () => {
    await using rcon = await rconServer();
    await using folder = await TempFolder.create({ "latest.log": "" });
    const log = folder.at("latest.log");
    const { told, session } = open({ password: "wrong", port: String(rcon.port), log });
    await told.up();
    await appendFile(log, `${HEAD}<Alice> hi\n`);
    expect(await told.eventsOf(1)).toMatchObject([{ type: "chat", text: "hi" }]);
    expect(told.troubles).toMatchObject([{ kind: "wrong_password" }]);
    expect(await session.say({ text: "hi" })).toBe("down");
    await session.close();
  });

  test("is read from its log, and spoken to by RCON", async () => {
    await using rcon = await rconServer();
    await using folder = await TempFolder.create({ "latest.log": `${HEAD}<Alice> old\n` });
    const log = folder.at("latest.log");
    const { told, session } = open({
      password: "secret",
      port: String(rcon.port),
      log,
      colour: "gold",
    });
    expect(await told.up()).toEqual({ map: undefined, players: [] });
    const lines = [
      "Alice joined the game",
      "<Alice> §4hi",
      "[Rcon] Bob: hi",
      "Alice left the game",
    ];
    await appendFile(log, lines.map((line) => `${HEAD}${line}\n`).join(""));
    const player = { name: "Alice" };
    expect(await told.eventsOf(3)).toEqual([
      { type: "join", player },
      { type: "chat", audience: "all", player, text: "hi" },
      { type: "leave", player },
    ]);
    expect(await session.say({ text: 'Bob: "hi" \\o/ §4' })).toBe("sent");
    expect(await session.tell(player, "psst")).toBe("sent");
    expect(rcon.commands).toEqual([
      String.raw`tellraw @a {"text":"Bob: \"hi\" \\o/ 4","color":"gold"}`,
      'tellraw Alice {"text":"psst","color":"gold"}',
    ]);
    await session.close();
  });

  test("is told nothing for a player who is more than a player", async () => {
    await using rcon = await rconServer();
    await using folder = await TempFolder.create({ "latest.log": "" });
    const written = { password: "secret", port: String(rcon.port), log: folder.at("latest.log") };
    const { told, session } = open(written);
    await told.up();
    for (const name of ["@a", "@e[type=x]", "Steve @a", 'a"', "", "x".repeat(18), "[VIP] Al"]) {
      expect(await session.tell({ name }, "hi")).toBe("unsupported");
    }
    expect(rcon.commands).toEqual([]);
    await session.close();
  });

  test("gets one tellraw for each line, and nothing else, whatever the lines are", async () => {
    await using rcon = await rconServer();
    await using folder = await TempFolder.create({ "latest.log": "" });
    const written = { password: "secret", port: String(rcon.port), log: folder.at("latest.log") };
    const { told, session } = open(written);
    await told.up();
    const lines = [...HOSTILE_LINES, ...fc.sample(hostileLine, 3000)];
    let sent = 0;
    for (const text of lines) {
      const outcome = await session.say({ text });
      expect(["sent", "empty"]).toContain(outcome);
      if (outcome === "sent") sent++;
    }
    expect(sent).toBeGreaterThan(lines.length / 2);
    expect(rcon.commands).toHaveLength(sent);
    for (const command of rcon.commands) {
      expect(command).not.toMatch(UNSAFE);
      expect(command).not.toContain("§");
      expect(Buffer.byteLength(command)).toBeLessThanOrEqual(1446);
      const { target, component, json } = readTellraw(command);
      expect(target).toBe("@a");
      expect(component).toEqual({ text: expect.any(String) });
      // Either notation reads these two escapes alike, and no others are used.
      expect(json.replaceAll(/\\["\\]/g, "")).not.toContain("\\");
    }
    expect(told.ends).toEqual([]);
    await session.close();
  }, 20_000);
});

test("what is wrong with its section is told", () => {
  expect(problemsOf({})).toEqual([
    "password is missing: the game's rcon password, without which its console answers nobody",
    "log is missing: the path of the game's log",
  ]);
  expect(problemsOf({ password: "x", log: "l", colour: "pink", text_bytes_max: "1025" })).toEqual([
    expect.stringMatching(/^colour must be one of none, black, .*, not "pink"$/),
    'text_bytes_max must be a whole number from 16 to 1024, not "1025"',
  ]);
  const own = (say: string): string[] => problemsOf({ password: "x", log: "l", say });
  expect(own('title @a actionbar ["",{"text":"* {text}"}]')).toEqual([]);
  for (const say of [
    "say {text}",
    'tellraw @a {"selector":"{text}"}',
    'tellraw @a {"text":"x","clickEvent":{"action":"run_command","value":"/{text}"}}',
  ]) {
    expect(own(say)).toEqual([
      "say must have {text} within a string of JSON as the value of text, with which the command ends",
    ]);
  }
});
