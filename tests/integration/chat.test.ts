/** Nodes with games, and one without. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { type RelayNode, RelayNodes } from "../helpers/games/relay-nodes.ts";
import { programOf } from "../helpers/games/text-program.ts";
import { eventually } from "../helpers/mesh-view.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

setDefaultTimeout(30_000);

/** Its player answers one line of those that are shown to him. */
const GAME = `for await (const line of console) {
  if (line.endsWith("is anybody there?")) console.log("<Alice> first of all");
}`;

async function traceWith(node: RelayNode, outcome: string): Promise<string> {
  const ask = async (): Promise<string> => JSON.stringify(await node.get("/api/chat/trace"));
  return (await eventually(ask, (trace) => trace.includes(outcome))).answer;
}

async function gameIn(folder: TempFolder): Promise<string> {
  return `adapter = process
game = words
command = ${(await programOf(folder, GAME)).join(" ")}
chat = ^<(?<player>\\w+)> (?<text>.*)$
say = say {text}`;
}

test("a game that is up before its node finds the others is shown what was said before", async () => {
  await using folder = await TempFolder.create();
  const game = await gameIn(folder);
  await using nodes = new RelayNodes();
  const surf = await nodes.start({ name: "surf", game });
  await surf.process.logged("game joined");
  await surf.post("/api/publish", { topic: "chat.global", payload: "is anybody there?" });
  await traceWith(surf, '"outcome":"sent"');
  const late = await nodes.start({ name: "late", game, chat: "history = 10" });
  expect(await traceWith(late, '"outcome":"shown"')).toContain(
    '"from":{"node":"surf","player":"Alice"},"to":"late","text":"first of all","outcome":"shown"',
  );
});

test("a node without a game lists players, and sets mutes that hold elsewhere", async () => {
  await using folder = await TempFolder.create();
  await using nodes = new RelayNodes();
  const hub = await nodes.start({ name: "hub" });
  const surf = await nodes.start({ name: "surf", game: await gameIn(folder) });
  await surf.process.logged("game joined");
  await eventually(
    () => hub.get("/api/players"),
    (servers) => JSON.stringify(servers).includes('"node":"surf","game":"words"'),
  );
  await hub.post("/api/chat/mute", { who: "Alice", by: "Carol" });
  const muted = [{ who: "Alice", until: null, by: "Carol", reason: "" }];
  await eventually(
    () => surf.get("/api/chat/mutes"),
    (mutes) => Bun.deepEquals(mutes, muted),
  );
  await surf.post("/api/publish", { topic: "chat.global", payload: "is anybody there?" });
  await traceWith(surf, '"outcome":"muted"');
  expect(await hub.get("/api/chat/trace")).toEqual([]);
  expect(await hub.get("/api/chat/mutes")).toEqual(muted);
});
