import { join } from "node:path";
import { ROOT } from "../../node-process.ts";
import { MuxPlayer } from "../mux-player.ts";
import { MuxServer, WIZARD, WIZARD_PASSWORD } from "../mux-server.ts";
import { changedSection, type GameRig } from "./rig.ts";

/** A TinyMUX, with the section of the sample. */
export async function muxRig(): Promise<GameRig> {
  const server = await MuxServer.start();
  const sample = await Bun.file(join(ROOT, "config/line.ini")).text();
  return {
    section: changedSection(sample, {
      "port =": `port = ${server.port}`,
      // It forgets the channel when it is killed, and the node may be there before the channel is again.
      "login[] = 'connect": `login[] = connect ${WIZARD} {password}\nlogin[] = @ccreate Public`,
      "password =": `password = ${WIZARD_PASSWORD}`,
    }),
    isAscii: true,
    withinMs: 2000,
    join: async (name) => {
      const player = await MuxPlayer.join(server.port, name);
      return {
        say: (text) => player.say(text),
        lines: player.heard,
        leave: async () => player[Symbol.dispose](),
      };
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
