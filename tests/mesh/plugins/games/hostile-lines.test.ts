/** Thousands of lines that try to be more than text, each through a whole adapter to a game that counts what arrives. */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { constants, type FileHandle, open } from "node:fs/promises";
import * as fc from "fast-check";
import type { WrittenSettings } from "../../../../mesh/index.ts";
import type { GameSession } from "../../../../mesh/plugins/games/adapter.ts";
import { CCP_PRESET } from "../../../../mesh/plugins/games/ccp/adapter.ts";
import { PROCESS_PRESET } from "../../../../mesh/plugins/games/process/preset.ts";
import { quotedCommands, UNSAFE } from "../../../helpers/games/console-commands.ts";
import { endpointOf, GamePlugin } from "../../../helpers/games/game-plugin.ts";
import { HOSTILE_LINES } from "../../../helpers/games/hostile-lines.ts";
import { OpenSession } from "../../../helpers/games/open-session.ts";
import { adapterOf } from "../../../helpers/games/session-log.ts";
import { programOf } from "../../../helpers/games/text-program.ts";
import { TempFolder } from "../../../helpers/temp-folder.ts";
import { nextTurn } from "../../../helpers/turns.ts";
import { hostileLine } from "./arbitraries.ts";

setDefaultTimeout(20_000);

const LINES: readonly string[] = [
  ...HOSTILE_LINES,
  "quit",
  "stop",
  "say hi\nstop",
  ...fc.sample(hostileLine, { numRuns: 3000, seed: 5 }),
];
const END = "the end";
const ENDED = /say "?the end"?\n$/;
/** A busy machine takes its time. */
const READ_MS = 15_000;
const NOTHING: Buffer = Buffer.alloc(0);

/** How a console may be spoken to, and what it makes of a line. */
const WAYS: readonly (WrittenSettings & { readonly say: string; readonly escape: string })[] = [
  { say: "say {text}", escape: "none" },
  { say: 'say "{text}"', escape: "quotes" },
];

/** Says all of them, however fast the game reads; answers how many there were with something to be seen. */
async function sayAll(session: GameSession): Promise<number> {
  let sent = 0;
  for (const text of [...LINES, END]) {
    let outcome = await session.say({ text });
    while (outcome === "queue_full") {
      await nextTurn();
      outcome = await session.say({ text });
    }
    expect(["sent", "empty"]).toContain(outcome);
    if (outcome === "sent") sent++;
  }
  expect(sent).toBeGreaterThan(LINES.length / 2);
  return sent;
}

/** All that is written to a pipe, up to the last line. */
async function readToTheEnd(pipe: FileHandle): Promise<string> {
  const chunks: Buffer[] = [];
  const deadlineMs = performance.now() + READ_MS;
  while (performance.now() < deadlineMs) {
    const { buffer, bytesRead } = await pipe
      .read()
      .catch(() => ({ buffer: NOTHING, bytesRead: 0 }));
    if (bytesRead === 0) await nextTurn();
    else chunks.push(Buffer.from(buffer.subarray(0, bytesRead)));
    const text = Buffer.concat(chunks.slice(-2)).toString();
    if (bytesRead > 0 && ENDED.test(text)) return Buffer.concat(chunks).toString();
  }
  throw new Error("the last line did not come");
}

function expectOnlySaid(input: string, sent: number, escape: string): void {
  const lines = input.split("\n");
  expect(lines.pop()).toBe("");
  expect(lines).toHaveLength(sent);
  for (const line of lines) {
    expect(line).not.toMatch(UNSAFE);
    expect(line).toStartWith("say ");
    if (escape === "quotes") expect(quotedCommands(line)).toEqual([line]);
  }
}

describe("each of thousands of hostile lines is one line", () => {
  test.each(WAYS)("for a process: escape = $escape", async (way) => {
    await using folder = await TempFolder.create();
    // It ends at the first line that is none of chat, and prints what it got once it has all.
    const words = await programOf(
      folder,
      `let input = "";
       const decoder = new TextDecoder();
       for await (const chunk of Bun.stdin.stream()) {
         input += decoder.decode(chunk, { stream: true });
         if (/^(?!say )/m.test(input.slice(0, input.lastIndexOf("\\n")))) process.exit(3);
         if (!/say "?${END}"?\\n$/.test(input)) continue;
         await Bun.write(${JSON.stringify(folder.at("input"))}, input);
         console.log("<Game> done");
       }`,
    );
    const command = words.map((word) => `"${word}"`).join(" ");
    const chat = "^<(?<player>\\w+)> (?<text>.*)$";
    await using game = new OpenSession(adapterOf(PROCESS_PRESET, { command, chat, ...way }));
    const { log, session } = game;
    await log.up();
    const sent = await sayAll(session);
    await log.heard({ type: "chat", player: { name: "Game" }, text: "done" });
    expectOnlySaid(await Bun.file(folder.at("input")).text(), sent, way.escape);
    expect(log.told.map(({ type }) => type)).toEqual(["session up", "chat"]);
  });

  test.each(WAYS)("for a pipe: escape = $escape", async (way) => {
    await using folder = await TempFolder.create({ log: "" });
    const input = folder.at("input");
    await Bun.$`mkfifo ${input}`.quiet();
    const pipe = await open(input, constants.O_RDONLY | constants.O_NONBLOCK);
    const arrived = readToTheEnd(pipe);
    const chat = "^<(?<player>\\w+)> (?<text>.*)$";
    const log = folder.at("log");
    await using game = new OpenSession(adapterOf(PROCESS_PRESET, { input, log, chat, ...way }));
    await game.log.up();
    const sent = await sayAll(game.session);
    expectOnlySaid(await arrived, sent, way.escape);
    expect(game.log.told.map(({ type }) => type)).toEqual(["session up"]);
    await game.session.close();
    await pipe.close();
  });

  test("for a game with a plugin, and one message, however it is named", async () => {
    const adapter = adapterOf(CCP_PRESET, {});
    const { endpoint, errors } = await endpointOf(adapter);
    await using game = new OpenSession(adapter);
    {
      await using plugin = await GamePlugin.dial(endpoint.port);
      plugin.tell({ type: "up", map: "dm1", players: [] });
      await game.log.up();
      for (const text of LINES) {
        const origin = { server: text, player: text, text };
        const outcome = await game.session.say({ text, origin });
        if (outcome === "empty") continue;
        expect(outcome).toBe("sent");
        const message = await plugin.next();
        expect(Object.keys(message ?? {})).toEqual(["type", "text", "audience", "origin"]);
        expect(message).toMatchObject({ type: "say", audience: "all" });
        expect(String(message?.["text"])).not.toMatch(UNSAFE);
        expect(JSON.stringify(message?.["origin"])).not.toMatch(UNSAFE);
      }
      await game.session.say({ text: END });
      expect(await plugin.next()).toEqual({ type: "say", text: END, audience: "all" });
    }
    await endpoint.close(0);
    expect(errors).toEqual([]);
  });
});
