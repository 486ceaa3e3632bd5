import { OpenttdPlayer } from "../openttd-player.ts";
import { ADMIN_PASSWORD, OpenttdServer } from "../openttd-server.ts";
import type { GameRig } from "./rig.ts";

export async function openttdRig(): Promise<GameRig> {
  let server = await OpenttdServer.start();
  const { gamePort, adminPort } = server;
  const kill = async (): Promise<void> => {
    server.kill("SIGKILL");
    await server[Symbol.asyncDispose]();
  };
  return {
    section: `adapter = openttd\nport = ${adminPort}\npassword = ${ADMIN_PASSWORD}`,
    isAscii: false,
    withinMs: 1000,
    join: async (name) => {
      const player = await OpenttdPlayer.join(gamePort, name);
      return {
        say: (text) => player.say(text),
        get lines() {
          return player.heard.map(shownByOpenttd);
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
