import { BzflagPlayer } from "../bzflag-player.ts";
import { BZFLAG_PASSWORD, BzflagServer } from "../bzflag-server.ts";
import type { GameRig } from "./rig.ts";

export async function bzflagRig(): Promise<GameRig> {
  const server = await BzflagServer.start();
  const section = ["adapter = bzflag", `port = ${server.port}`, `password = ${BZFLAG_PASSWORD}`];
  return {
    section: [...section, `log = ${server.log}`].join("\n"),
    isAscii: true,
    // Its client for terminals reads what it is given slowly.
    withinMs: 4000,
    join: async (name) => {
      const player = await BzflagPlayer.join(server.port, name);
      return {
        say: (text) => player.say(text),
        get lines() {
          return player.heard.map(shownByBzflag);
        },
        leave: () => player[Symbol.asyncDispose](),
      };
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A line of the server's has who had it said. */
function shownByBzflag(line: string): string {
  return line.replace(/^SERVER: (.*) \(ccp-mesh\)$/, "$1");
}
