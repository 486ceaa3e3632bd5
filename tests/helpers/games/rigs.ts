/** Real games with players, each in the same few words, so that a test can join any of them. */

import { existsSync } from "node:fs";
import { EconPlayer } from "./econ-player.ts";
import { EconServer, PASSWORD, TEEWORLDS } from "./econ-server.ts";
import { OpenttdPlayer } from "./openttd-player.ts";
import { ADMIN_PASSWORD, OpenttdServer } from "./openttd-server.ts";

/** Whether there is one to be started; tests that need it are skipped where there is not. */
export const HAS_TEEWORLDS: boolean = existsSync(TEEWORLDS.binary);

/** Somebody who plays, and sees what all see. */
export interface RigPlayer {
  say(text: string): void;
  /** Resolves with the first line, as the game shows it, that has these words in it. */
  sees(words: string): Promise<string>;
  /** All lines so far. */
  readonly lines: readonly string[];
  leave(): Promise<void>;
}

export interface GameRig extends AsyncDisposable {
  /** The section `[game]` for its node. */
  readonly section: string;
  join(name: string): Promise<RigPlayer>;
  /** Killed without a goodbye. */
  kill(): Promise<void>;
  /** Once it was killed: another one in its place. */
  restart(): Promise<void>;
}

export async function openttdRig(): Promise<GameRig> {
  let server = await OpenttdServer.start();
  const { gamePort, adminPort } = server;
  const kill = async (): Promise<void> => {
    server.kill("SIGKILL");
    await server[Symbol.asyncDispose]();
  };
  return {
    section: `adapter = openttd\nport = ${adminPort}\npassword = ${ADMIN_PASSWORD}`,
    join: async (name) => {
      const player = await OpenttdPlayer.join(gamePort, name);
      const lines = (): string[] => player.heard.map(shownByOpenttd);
      return {
        say: (text) => player.say(text),
        sees: async (words) =>
          shownByOpenttd(await player.hears((heard) => shownByOpenttd(heard).includes(words))),
        get lines() {
          return lines();
        },
        leave: () => player[Symbol.asyncDispose](),
      };
    },
    kill,
    restart: async () => {
      server = await OpenttdServer.start({ gamePort, adminPort });
    },
    [Symbol.asyncDispose]: kill,
  };
}

/** The game itself puts a line from outside together. */
function shownByOpenttd({ source, from, text }: OpenttdPlayer["heard"][number]): string {
  return source === undefined ? text : `[${source}] ${from}: ${text}`;
}

export async function teeworldsRig(): Promise<GameRig> {
  let server = await started();
  const { gamePort, econPort } = server;
  const kill = (): Promise<void> => server[Symbol.asyncDispose]();
  return {
    section: `adapter = teeworlds\nport = ${econPort}\npassword = ${PASSWORD}`,
    join: async (name) => {
      const player = await EconPlayer.join(gamePort, name);
      return {
        say: (text) => player.say(text),
        sees: async (words) => (await player.hears(({ text }) => text.includes(words))).text,
        get lines() {
          return player.heard.map(({ text }) => text);
        },
        leave: async () => player[Symbol.dispose](),
      };
    },
    kill,
    restart: async () => {
      server = await started({ gamePort, econPort });
    },
    [Symbol.asyncDispose]: kill,
  };
}

async function started(ports?: Parameters<typeof EconServer.startOn>[1]): Promise<EconServer> {
  const server =
    ports === undefined
      ? await EconServer.start(TEEWORLDS)
      : await EconServer.startOn(TEEWORLDS, ports);
  if (server === undefined) throw new Error("Teeworlds did not start, or has no console");
  return server;
}
