/** A game that is up before its node has found another one. */

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

test("it is shown what was said before, once its node finds the others", async () => {
  await using folder = await TempFolder.create();
  const game = `adapter = process
command = ${(await programOf(folder, GAME)).join(" ")}
chat = ^<(?<player>\\w+)> (?<text>.*)$
say = say {text}`;
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
