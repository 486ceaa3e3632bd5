import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { BZFLAG_PRESET } from "../../../../../mesh/plugins/games/bzflag/preset.ts";
import { BzflagPlayer } from "../../../../helpers/games/bzflag-player.ts";
import {
  BZFLAG_PASSWORD,
  BzflagServer,
  bzfsWords,
  HAS_BZFLAG,
} from "../../../../helpers/games/bzflag-server.ts";
import { freePort } from "../../../../helpers/games/free-port.ts";
import { OpenSession } from "../../../../helpers/games/open-session.ts";
import { adapterOf } from "../../../../helpers/games/session-log.ts";
import { rejection, until } from "../../../../helpers/turns.ts";
import { hostileLine } from "../arbitraries.ts";

// bzadmin takes its time.
setDefaultTimeout(60_000);

/** A relayed line is to be seen within this. */
const SHOWN_MS = 4000;

function settingsOf(server: BzflagServer, more: Readonly<Record<string, string>> = {}) {
  return { port: String(server.port), log: server.log, password: BZFLAG_PASSWORD, ...more };
}

function nonEmpty(line: string): boolean {
  return /[^\s?]/.test(line.normalize("NFKD").replace(/[^\x21-\x7e]/g, ""));
}

describe.skipIf(!HAS_BZFLAG)("a real server of BZFlag", () => {
  test("players come, talk and go, and are spoken to", async () => {
    await using server = await BzflagServer.start();
    await using game = new OpenSession(adapterOf(BZFLAG_PRESET, settingsOf(server)));
    const { log, session } = game;
    await log.up();
    {
      await using alice = await BzflagPlayer.join(server.port, "Alice B");
      await log.heard({ type: "join", player: { name: "Alice B", team: "observer" } });
      const forged = 'MSG-BROADCAST 3:Bob forged: "hi"';
      alice.say(forged);
      const player = { name: "Alice B" };
      await log.heard({ type: "chat", audience: "all", player, text: forged });
      const startMs = performance.now();
      const text = `[teeworlds-1] Zoë: ${"a line of a common length, and some more ".repeat(2)}`;
      expect(await session.say({ text })).toBe("sent");
      const shown = text.replace("ë", "e").trim();
      await alice.hears(`SERVER: ${shown} (ccp-mesh)`);
      expect(performance.now() - startMs).toBeLessThan(SHOWN_MS);
      expect(await session.tell(player, "for you")).toBe("sent");
      await alice.hears("[ccp-mesh->] for you");
      expect(await session.tell({ name: "Nobody" }, "hello?")).toBe("failed");
    }
    await log.heard({ type: "leave", player: { name: "Alice B" } });
    await session.close();
    expect(log.told.map(({ type }) => type)).toEqual(["session up", "join", "chat", "leave"]);
    expect(JSON.stringify(log)).not.toContain(BZFLAG_PASSWORD);
  });

  for (const password of [BZFLAG_PASSWORD, ""]) {
    const as = password === "" ? "a player" : "the server";
    test(`hostile lines run nothing and end nothing, said as ${as}`, async () => {
      await using server = await BzflagServer.start();
      await using game = new OpenSession(
        adapterOf(BZFLAG_PRESET, settingsOf(server, { password })),
      );
      const { log, session } = game;
      await log.up();
      await using alice = await BzflagPlayer.join(server.port, "Alice");
      const lines = [
        "/quit",
        "/shutdownserver",
        "x\n/shutdownserver",
        "\r/superkill\r\n/quit",
        'a "quoted" \\ line; with, all {of} it % $(id) `id`',
        "é 日本 😀",
        "y".repeat(10_000),
        `${"z".repeat(125)}/superkill`,
        ...fc.sample(hostileLine.filter(nonEmpty), { numRuns: 15, seed: 7 }),
      ];
      for (const text of lines) {
        const outcome = await session.say({ text });
        if (outcome !== "empty") expect(outcome).toBe("sent");
      }
      expect(await session.say({ text: "the end" })).toBe("sent");
      await alice.hears(password === "" ? "ccp-mesh: the end" : "SERVER: the end (ccp-mesh)");
      const from = password === "" ? "ccp-mesh: " : "SERVER: ";
      const heard = alice.heard.filter((line) => line.startsWith(from));
      expect(heard[0]).toBe(password === "" ? "ccp-mesh:  /quit" : "SERVER: /quit (ccp-mesh)");
      expect(heard[1]).toContain("/shutdownserver");
      expect(heard.some((line) => line.includes("yyyy..."))).toBe(true);
      // All that the console had the server do is what it meant to.
      const commands = server.output.match(/MSG-COMMAND 8:ccp-mesh .*/g) ?? [];
      expect(commands.filter((line) => !/ (?:\?|date|say .*|password .*)$/.test(line))).toEqual([]);
      expect(log.end).toBeUndefined();
      expect(log.told.map(({ type }) => type)).toEqual(["session up", "join"]);
      await session.close();
    });
  }

  test("a flood is taken line by line, and what is too much is refused", async () => {
    await using server = await BzflagServer.start();
    await using game = new OpenSession(adapterOf(BZFLAG_PRESET, settingsOf(server)));
    const { log, session } = game;
    await log.up();
    const said = Array.from({ length: 40 }, (_, index) => session.say({ text: `line ${index}` }));
    const outcomes = await Promise.all(said);
    expect(outcomes.filter((outcome) => outcome === "sent").length).toBe(17);
    expect(outcomes.filter((outcome) => outcome === "queue_full").length).toBe(23);
    await session.close();
  });

  test("a server that was killed is lost, and the next session is up once it is back", async () => {
    await using server = await BzflagServer.start();
    const adapter = adapterOf(BZFLAG_PRESET, settingsOf(server));
    await using first = new OpenSession(adapter);
    await first.log.up();
    await server.kill();
    await until(() => first.log.end !== undefined, 20_000);
    expect(first.log.end?.kind).toBe("lost");
    await first.session.close();
    await using second = new OpenSession(adapter);
    expect((await second.log.over()).kind).toBe("unreachable");
    await server.restart();
    await using third = new OpenSession(adapter);
    await third.log.up();
    expect(await third.session.say({ text: "back" })).toBe("sent");
    await third.session.close();
  });

  test("kicked out, it comes back; a wrong password is told, and shown nowhere", async () => {
    await using server = await BzflagServer.start();
    await using game = new OpenSession(adapterOf(BZFLAG_PRESET, settingsOf(server)));
    const { log, session } = game;
    await log.up();
    await using admin = await BzflagPlayer.join(server.port, "admin");
    admin.say(`/password ${BZFLAG_PASSWORD}`);
    await admin.hears("[SERVER->] You are now an administrator!");
    admin.say("/kick ccp-mesh go away");
    await log.troubled("lost");
    await until(() => log.troubles.at(-1) === undefined, 8000);
    expect(await session.say({ text: "back" })).toBe("sent");
    expect(log.end).toBeUndefined();
    await session.close();
    await using wrong = new OpenSession(
      adapterOf(BZFLAG_PRESET, settingsOf(server, { password: "hunter22" })),
    );
    await wrong.log.troubled("wrong_password");
    await wrong.log.up();
    expect(JSON.stringify(wrong.log)).not.toContain("hunter22");
    await wrong.session.close();
  });

  test("a nick that is taken is told", async () => {
    await using server = await BzflagServer.start();
    await using _other = await BzflagPlayer.join(server.port, "ccp-mesh");
    await using game = new OpenSession(adapterOf(BZFLAG_PRESET, settingsOf(server)));
    const { log, session } = game;
    expect((await log.troubled("failed")).text).toContain("already in use");
    await session.close();
  });

  test("one that the node runs outlives a kick of its console, and is gone when it is closed", async () => {
    const port = freePort();
    const command = bzfsWords(port).join(" ");
    const settings = { port: String(port), command, password: BZFLAG_PASSWORD };
    await using game = new OpenSession(adapterOf(BZFLAG_PRESET, settings));
    const { log, session } = game;
    await log.up();
    {
      await using admin = await BzflagPlayer.join(port, "admin");
      await log.heard({ type: "join", player: { name: "admin", team: "observer" } });
      admin.say(`/password ${BZFLAG_PASSWORD}`);
      await admin.hears("[SERVER->] You are now an administrator!");
      admin.say("/kick ccp-mesh go away");
      await admin.hears("*** 'ccp-mesh' left the game.");
      for (let outcome = ""; outcome !== "sent"; ) {
        outcome = await session.say({ text: "still there" });
        await Bun.sleep(50);
      }
      await admin.hears("SERVER: still there (ccp-mesh)");
    }
    await session.close();
    expect(log.end).toBeUndefined();
    await rejection(BzflagPlayer.join(port, "late", 500));
  });

  test("what bzadmin prints is read where there is nothing else", async () => {
    await using server = await BzflagServer.start();
    await using game = new OpenSession(
      adapterOf(BZFLAG_PRESET, { port: String(server.port), password: BZFLAG_PASSWORD }),
    );
    const { log, session } = game;
    await log.up();
    await using alice = await BzflagPlayer.join(server.port, "Alice");
    await log.heard({ type: "join", player: { name: "Alice" } });
    alice.say("hello: there");
    await log.heard({ type: "chat", player: { name: "Alice" }, text: "hello: there" });
    expect(await session.say({ text: "hi" })).toBe("sent");
    await alice[Symbol.asyncDispose]();
    await log.heard({ type: "leave", player: { name: "Alice" } });
    expect(log.told.length).toBe(4);
    expect(log.notUnderstood).toEqual([]);
    await session.close();
  });
});
