import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../node-process.ts";
import { TempFolder } from "../../temp-folder.ts";
import { freePort } from "../free-port.ts";
import { MinecraftPlayer } from "../minecraft-player.ts";
import { changedSection, type GameRig } from "./rig.ts";

/** Where flying-squid, the game, and mineflayer, its players, are installed: half a gigabyte, so not with the project. */
const PACKAGES: string =
  process.env["CCP_MESH_MINECRAFT"] || join(homedir(), ".cache/ccp-mesh/minecraft");

/** Whether both are there, and what runs them. */
export const HAS_MINECRAFT: boolean =
  Bun.which("node") !== null &&
  ["flying-squid", "mineflayer"].every((name) => existsSync(join(PACKAGES, "node_modules", name)));

const VERSION = "1.21.4";
const START_MS = 20_000;

/** Minecraft as flying-squid makes it, run by its node, with the section of the documentation. */
export async function minecraftRig(): Promise<GameRig> {
  const port = freePort();
  const folder = await TempFolder.create({ "server.cjs": serverOn(port) });
  const listening = folder.at("listening");
  const page = await readFile(join(ROOT, "docs/games/process.md"), "utf8");
  const [, example = ""] = page.split(/^## .*flying-squid$/m);
  const isListening = async (): Promise<void> => {
    const deadlineMs = performance.now() + START_MS;
    while (!existsSync(listening)) {
      if (performance.now() > deadlineMs) throw new Error("flying-squid does not listen");
      await Bun.sleep(10);
    }
  };
  return {
    section: changedSection(example, {
      "command =": `command = node ${folder.at("server.cjs")}`,
      "folder =": `folder = ${folder.path}`,
    }),
    isAscii: false,
    withinMs: 2000,
    join: async (name) => {
      await isListening();
      const player = await MinecraftPlayer.join({
        packages: PACKAGES,
        version: VERSION,
        port,
        name,
      });
      return {
        say: (text) => player.say(text),
        get lines() {
          return player.heard.map((line) => line.replace(/^\[Server\] /, ""));
        },
        leave: () => player[Symbol.asyncDispose](),
      };
    },
    kill: async () => {
      const pid = Number(await readFile(listening, "utf8"));
      if (!(pid > 1)) throw new Error("flying-squid told no pid");
      await rm(listening);
      process.kill(pid, "SIGKILL");
    },
    // Its node starts it again.
    restart: isListening,
    // It has ended with its node.
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

function serverOn(port: number): string {
  const settings = {
    host: "127.0.0.1",
    port,
    version: VERSION,
    "online-mode": false,
    logging: false,
    generation: { name: "superflat", options: {} },
    "view-distance": 1,
  };
  return `
const { renameSync, writeFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const load = createRequire(${JSON.stringify(join(PACKAGES, "x"))});
// Without a world folder nothing is saved.
const { worldFolder, ...usual } = load("flying-squid/config/default-settings.json");
const server = load("flying-squid").createMCServer({ ...usual, ...${JSON.stringify(settings)} });
server.on("listening", () => {
  writeFileSync("pid", String(process.pid));
  renameSync("pid", "listening");
});
// Its node is gone.
process.stdin.once("end", () => process.exit());
`;
}
