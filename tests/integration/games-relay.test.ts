/** Real games, each with its node and a player who sees nothing: what one types, the others see. */

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { HAS_BZFLAG } from "../helpers/games/bzflag-server.ts";
import { GameMesh, gameOf, type Place, type PlaceOptions } from "../helpers/games/game-mesh.ts";
import { HOSTILE_LINES } from "../helpers/games/hostile-lines.ts";
import { HAS_MUX } from "../helpers/games/mux-server.ts";
import { HAS_OPENTTD } from "../helpers/games/openttd-server.ts";
import { bzflagRig } from "../helpers/games/rigs/bzflag.ts";
import { HAS_MINECRAFT, minecraftRig } from "../helpers/games/rigs/minecraft.ts";
import { muxRig } from "../helpers/games/rigs/mux.ts";
import { openttdRig } from "../helpers/games/rigs/openttd.ts";
import { type RigPlayer, sees } from "../helpers/games/rigs/rig.ts";
import { HAS_TEEWORLDS, teeworldsRig } from "../helpers/games/rigs/teeworlds.ts";

setDefaultTimeout(60_000);

const TRAINS: PlaceOptions = { name: "trains", start: openttdRig, playerName: "Ann: é" };
const TEES: PlaceOptions = { name: "tees", start: teeworldsRig, playerName: "Bób" };
const TANKS: PlaceOptions = { name: "tanks", start: bzflagRig, playerName: "Cid B" };
const WORDS: PlaceOptions = { name: "words", start: muxRig, playerName: "Dora" };
/** Whose name is as bad as what he says. */
const MALLORY: PlaceOptions = { ...TEES, playerName: '"; quit #' };
const CUBES: PlaceOptions = { name: "cubes", start: minecraftRig, playerName: "Eve_1" };

let mesh: GameMesh;
beforeEach(() => {
  mesh = new GameMesh();
});
afterEach(() => mesh[Symbol.asyncDispose](), 30_000);

async function allTalk(...texts: readonly string[]): Promise<void> {
  for (const from of mesh.places) {
    for (const text of texts) await mesh.saysAndAllSee(from, `${text}, says ${from.name}`);
  }
}

async function eachRestarts(...wanted: readonly Place[]): Promise<void> {
  for (const place of wanted) {
    await mesh.restart(place);
    await allTalk(`after ${place.name} came back`);
  }
}

/** A line was relayed once, and to the other places alone. */
function expectNoEcho(words: string): void {
  for (const place of mesh.places) {
    const lines = place.player.lines.filter((line) => line.includes(words));
    for (const from of mesh.places) {
      const relayed = lines.filter((line) => line.startsWith(`[${from.name}] `));
      expect(relayed.length).toBe(from === place ? 0 : 1);
    }
  }
}

describe.skipIf(!HAS_OPENTTD || !HAS_TEEWORLDS || !HAS_BZFLAG)(
  "OpenTTD, Teeworlds and BZFlag",
  () => {
    test("what one player types the others see, with the right name, all ways", async () => {
      await mesh.start(TRAINS, TEES, TANKS);
      await allTalk("hello there", 'with "quotes", \\ and ünïcödé', "a; quit # b");
      expectNoEcho("hello there");
    });

    test("each game is killed and started again, and its players are relayed as before", async () => {
      await eachRestarts(...(await mesh.start(TRAINS, TEES, TANKS)));
    });
  },
);

describe.skipIf(!HAS_MUX || !HAS_TEEWORLDS)("TinyMUX and Teeworlds", () => {
  test("players see each other's lines, also after TinyMUX was killed", async () => {
    const [words] = await mesh.start(WORDS, TEES);
    await allTalk("hello there", 'with "quotes" and ünïcödé');
    expectNoEcho("hello there");
    if (words !== undefined) await eachRestarts(words);
  });
});

describe.skipIf(!HAS_MINECRAFT || !HAS_TEEWORLDS)(
  "Minecraft, run by its node, and Teeworlds",
  () => {
    test("players see each other's lines, also after Minecraft was killed", async () => {
      const [cubes] = await mesh.start(CUBES, TEES);
      await allTalk("hello there", 'with "quotes", \\ and ünïcödé');
      expectNoEcho("hello there");
      if (cubes !== undefined) await eachRestarts(cubes);
    });
  },
);

describe.skipIf(!HAS_OPENTTD || !HAS_TEEWORLDS)("OpenTTD and Teeworlds", () => {
  test("a bot in both games that repeats all it sees makes no line of a player into more", async () => {
    const places = await mesh.start(TRAINS, TEES);
    const bots = await Promise.all(places.map(({ rig }) => rig.join("bridge")));
    const stop = bridge(bots);
    try {
      for (const word of ["nobody has ever said this", "and that is all"]) {
        for (const from of places) {
          from.player.say(`${word} on ${from.name}`);
          // Whether the bot or the relay is first is chance, and the other one then an echo.
          for (const { player } of mesh.others(from)) await sees(player, `${word} on ${from.name}`);
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
  });
});

describe.skipIf(!HAS_TEEWORLDS || !HAS_OPENTTD || !HAS_BZFLAG || !HAS_MUX)(
  "a player of Teeworlds who wants to run commands elsewhere",
  () => {
    test("is shown to all, and runs none", async () => {
      const [tees, ...others] = await mesh.start(MALLORY, TRAINS, TANKS, WORDS);
      if (tees === undefined) throw new Error("nobody is in Teeworlds");
      for (const [at, line] of HOSTILE_LINES.entries()) {
        // What the game lets through of it; with a number, because the same letters again are not relayed.
        tees.player.say(`${at} ${line.slice(0, 200)}`);
        // BZFlag takes three lines a second, and no more than 16 wait for it.
        if (at % 12 > 0) continue;
        for (const { player } of others) await sees(player, `${MALLORY.playerName}: ${at} `);
      }
      tees.player.say("that is all");
      for (const { player } of others) {
        await sees(player, "that is all");
        const numbers = player.lines.map((line) => /^\[tees\] "; quit #: (\d+) /.exec(line)?.[1]);
        const relayed = numbers.filter((number) => number !== undefined);
        expect(relayed).toEqual([...HOSTILE_LINES.keys()].map(String));
      }
      for (const place of mesh.places) {
        expect(await gameOf(place)).toMatchObject({ state: "up", sessions: 1 });
        await mesh.saysAndAllSee(place, `still here, says ${place.name}`);
      }
    });
  },
);

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
