/** Real games, each with its node and a player who sees nothing: what one types, the others see. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { HAS_OPENTTD } from "../helpers/games/openttd-server.ts";
import { type RelayNode, RelayNodes } from "../helpers/games/relay-nodes.ts";
import {
  type GameRig,
  HAS_TEEWORLDS,
  openttdRig,
  type RigPlayer,
  teeworldsRig,
} from "../helpers/games/rigs.ts";
import { eventually, printFigure } from "../helpers/mesh-view.ts";

interface Place {
  readonly name: string;
  readonly rig: GameRig;
  readonly node: RelayNode;
  player: RigPlayer;
  readonly playerName: string;
}

/** What the slowest way may take. */
const SEEN_WITHIN_MS = 1000;

let nodes: RelayNodes;
let places: Place[];

async function place(name: string, rig: GameRig, playerName: string): Promise<Place> {
  const chat = "players_command = on\nplayer_lines = 100\nserver_lines = 100";
  const node = await nodes.start({ name, game: rig.section, chat });
  await node.process.logged("game joined");
  return { name, rig, node, player: await rig.join(playerName), playerName };
}

/** Every node knows that the player is there, and so each other. */
async function isListed({ playerName }: Place): Promise<void> {
  await eventually(
    () => Promise.all(nodes.nodes.map((node) => node.get("/api/players"))),
    (answers) => answers.every((servers) => JSON.stringify(servers).includes(playerName)),
  );
}

/** The player types it, and everybody else sees it with the name; answers the longest time it took. */
async function typesAndAllSee(from: Place, text: string): Promise<number> {
  const beganMs = performance.now();
  from.player.say(text);
  const others = places.filter((other) => other !== from);
  const took = others.map(async (other) => {
    const line = await other.player.sees(text);
    expect(line).toBe(`[${from.name}] ${from.playerName}: ${text}`);
    return performance.now() - beganMs;
  });
  return Math.max(...(await Promise.all(took)));
}

describe.skipIf(!HAS_OPENTTD || !HAS_TEEWORLDS)("OpenTTD and Teeworlds", () => {
  beforeEach(async () => {
    nodes = new RelayNodes();
    const [openttd, teeworlds] = await Promise.all([openttdRig(), teeworldsRig()]);
    places = [await place("trains", openttd, "Ann: é"), await place("tees", teeworlds, "Bób")];
    for (const each of places) await isListed(each);
  }, 30_000);
  afterEach(async () => {
    for (const { player } of places) await player.leave();
    await nodes[Symbol.asyncDispose]();
    for (const { rig } of places) await rig[Symbol.asyncDispose]();
  }, 30_000);

  test("what one player types the other sees, with the right name, both ways", async () => {
    for (const from of places) {
      for (const text of ["hello there", 'with "quotes", \\ and ünïcödé', "a; quit # b"]) {
        const tookMs = await typesAndAllSee(from, `${text}, says ${from.name}`);
        printFigure(`a line of ${from.name} is seen`, tookMs);
        expect(tookMs).toBeLessThan(SEEN_WITHIN_MS);
      }
    }
    // No echo: each line is relayed once, and at the other places alone.
    for (const { player, name } of places) {
      const relayed = player.lines.filter((line) => /^\[\w+\] .*hello there/.test(line));
      const others = places.filter((other) => other.name !== name);
      expect(relayed.length).toBe(others.length);
      expect(relayed.filter((line) => line.startsWith(`[${name}]`))).toEqual([]);
    }
  }, 30_000);

  test("each game is killed and started again, and its players are relayed as before", async () => {
    for (const restarted of places) {
      await restarted.player.leave();
      await restarted.rig.kill();
      await eventually(
        () => restarted.node.get("/api/players"),
        (servers) => !JSON.stringify(servers).includes(restarted.playerName),
      );
      await restarted.rig.restart();
      await restarted.node.process.logged("game joined");
      restarted.player = await restarted.rig.join(restarted.playerName);
      await isListed(restarted);
      for (const from of places) {
        await typesAndAllSee(from, `after ${restarted.name} came back to ${from.name}`);
      }
    }
  }, 60_000);

  test("a bot in both games that repeats all it sees makes no line of a player into more", async () => {
    const bots = await Promise.all(places.map(({ rig }) => rig.join("bridge")));
    const stop = bridge(bots);
    try {
      for (const word of ["nobody has ever said this", "and that is all"]) {
        for (const from of places) {
          from.player.say(`${word} on ${from.name}`);
          // Whether the bot or the relay is first is chance, and the other one then an echo.
          const others = places.filter((other) => other !== from);
          for (const { player } of others) await player.sees(`${word} on ${from.name}`);
        }
        // Time enough for some hundred rounds, if there were any.
        await Bun.sleep(1000);
      }
    } finally {
      stop();
      for (const bot of bots) await bot.leave();
    }
    for (const { player } of places) {
      for (const { name: from } of places) {
        const lines = player.lines.filter((line) => line.endsWith(`said this on ${from}`));
        const relayed = lines.filter((line) => line.startsWith("["));
        // Also at home, where the bot is faster than the game tells its node what was said.
        expect(relayed.length).toBeLessThanOrEqual(1);
        // As it was said, as the bot says it, and what the bot makes of how the relay shows it.
        expect(lines.length).toBeLessThanOrEqual(4);
      }
    }
  }, 30_000);
});

/** What one of them sees the other says, until it is stopped. */
function bridge(bots: readonly RigPlayer[]): () => void {
  const repeated = bots.map(() => 0);
  const timer = setInterval(() => {
    for (const [at, bot] of bots.entries()) {
      const fresh = bot.lines.slice(repeated[at] ?? 0);
      repeated[at] = (repeated[at] ?? 0) + fresh.length;
      const other = bots[(at + 1) % bots.length];
      for (const line of fresh) {
        if (!line.startsWith("<bridged>")) other?.say(`<bridged> ${line}`);
      }
    }
  }, 10);
  return () => clearInterval(timer);
}
