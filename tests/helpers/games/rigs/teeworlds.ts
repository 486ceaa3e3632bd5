import { existsSync } from "node:fs";
import { EconPlayer } from "../econ-player.ts";
import { EconServer, PASSWORD, TEEWORLDS } from "../econ-server.ts";
import type { GameRig } from "./rig.ts";

/** Whether there is one to be started; tests that need it are skipped where there is not. */
export const HAS_TEEWORLDS: boolean = existsSync(TEEWORLDS.binary);

export async function teeworldsRig(): Promise<GameRig> {
  let server = await started();
  const { gamePort, econPort } = server;
  const kill = (): Promise<void> => server[Symbol.asyncDispose]();
  return {
    section: `adapter = teeworlds\nport = ${econPort}\npassword = ${PASSWORD}`,
    isAscii: false,
    withinMs: 1000,
    join: async (name) => {
      const player = await EconPlayer.join(gamePort, name);
      return {
        say: (text) => player.say(text),
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
