/** A game that the node has started, and that takes its time to save its world. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { NodeProcess } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { until } from "../helpers/turns.ts";

setDefaultTimeout(30_000);

/** Longer than a plugin has to end by itself. */
const SAVE_MS = 6000;

test("a node that ends lets its game save, for as long as the game has to end", async () => {
  await using folder = await TempFolder.create({ world: "" });
  await folder.write(
    "game.ts",
    `await Bun.write(${JSON.stringify(folder.at("world"))}, "loaded");
     for await (const line of console) {
       if (line !== "save and quit") continue;
       await Bun.sleep(${SAVE_MS});
       await Bun.write(${JSON.stringify(folder.at("world"))}, "saved");
       process.exit(0);
     }`,
  );
  await folder.write(
    "node.ini",
    `[server]
     host = 127.0.0.1
     [game]
     adapter = process
     command = ${process.execPath} ${folder.at("game.ts")}
     stop_command = save and quit
     chat = ^<(?<player>\\w+)> (?<text>.*)$
     say = say {text}`,
  );
  await using node = await NodeProcess.ready(folder);
  const world = (): string => readFileSync(folder.at("world"), "utf8");
  await until(() => world() === "loaded");
  node.kill("SIGTERM");
  expect((await node.finished()).exitCode).toBe(0);
  expect(world()).toBe("saved");
});
