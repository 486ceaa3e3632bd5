/** What an operator does with two nodes over HTTP: publish, watch, ask; real processes. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MeshBed, type MeshProcess } from "../helpers/mesh-process.ts";
import { allLinked, eventually, field } from "../helpers/mesh-view.ts";

let bed: MeshBed;
let surf: MeshProcess;
let bhop: MeshProcess;
beforeAll(async () => {
  bed = new MeshBed();
  surf = await bed.start({ name: "surf" });
  bhop = await bed.start({ name: "bhop", peers: [surf] });
  await allLinked([surf, bhop]);
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

/** Publishes until the other node has told that it wants to hear it. */
async function published(from: MeshProcess, topic: string, stop: () => boolean): Promise<void> {
  for (let n = 0; !stop(); n += 1) {
    expect(await from.publish(topic, { n })).toEqual({ status: 200, body: { ok: true } });
    await Bun.sleep(5);
  }
}

test("what is published at one node is seen at the other, as JSON, in order", async () => {
  const seen: unknown[] = [];
  const events = await bhop.events("chat.*");
  const publishing = published(surf, "chat.global", () => seen.length >= 3);
  for await (const event of events) {
    seen.push(event);
    if (seen.length === 3) break;
  }
  await publishing;
  const first = Number(field(field(seen[0], "payload"), "n"));
  expect(seen).toEqual(
    [0, 1, 2].map((more) => ({ topic: "chat.global", from: "surf", payload: { n: first + more } })),
  );
}, 20_000);

test("who watches no more is sent nothing any more", async () => {
  const events = await bhop.events("only.here");
  const iterator = events[Symbol.asyncIterator]();
  const seen = iterator.next();
  const state = { isSeen: false };
  void seen.then(() => {
    state.isSeen = true;
  });
  await published(surf, "only.here", () => state.isSeen);
  await iterator.return();
  const framesIn = async (): Promise<number> => (await surf.peers())[0]?.counters?.framesOut ?? 0;
  await eventually(
    async () => {
      const before = await framesIn();
      for (let n = 0; n < 20; n += 1) await surf.publish("only.here", n);
      return (await framesIn()) - before;
    },
    // Pings go on.
    (frames) => frames < 5,
  );
}, 20_000);

describe("a request", () => {
  test("to a node by name, and to any, is answered", async () => {
    expect(await surf.ask("echo", { text: "hé", list: [1, 2.5, null] }, "bhop")).toEqual({
      text: "hé",
      list: [1, 2.5, null],
    });
    expect(await surf.ask("echo", 1, "*")).toBe(1);
  }, 20_000);

  test("that cannot be answered says why", async () => {
    const failures = await Promise.all([
      surf.request("nobody", "echo"),
      surf.request("bhop", "nothing"),
      surf.request("*", "nothing"),
      surf.request("bhop", "hang", null, 100),
      surf.request("bhop", "fail", "because"),
    ]);
    expect(failures.map(({ status, body }) => [status, field(body, "code")])).toEqual([
      [404, "unknown_node"],
      [404, "unknown_service"],
      [404, "unknown_service"],
      [504, "request_timeout"],
      [502, "remote_failure"],
    ]);
    expect(JSON.stringify(failures[4]?.body)).toContain("because");
  }, 20_000);

  test("of half a megabyte arrives whole, and small ones are answered meanwhile", async () => {
    const text = "x".repeat(500_000);
    const large = Promise.all(Array.from({ length: 5 }, () => surf.ask("echo", text, "bhop")));
    for (let n = 0; n < 20; n += 1) expect(await surf.ask("echo", n, "bhop")).toBe(n);
    expect((await large).every((answer) => answer === text)).toBe(true);
  }, 20_000);
});
