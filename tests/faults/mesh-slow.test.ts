/** A line between two nodes that takes less than is sent; real processes. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as v from "valibot";
import { FaultProxy } from "../helpers/fault-proxy.ts";
import { MeshBed, type MeshProcess } from "../helpers/mesh-process.ts";
import { allLinked, eventually } from "../helpers/mesh-view.ts";

const MiB = 1024 * 1024;
const SLOW = { bytesPerSecond: 4_000_000 };

const PouredSchema = v.object({ sent: v.number(), poured: v.number() });

let bed: MeshBed;
beforeEach(() => {
  bed = new MeshBed();
});
afterEach(async () => {
  await bed[Symbol.asyncDispose]();
});

/** `bhop` reaches `surf` over the line, and in no other way. */
async function pairOver(use: (line: FaultProxy) => void) {
  const surf = await bed.start({ name: "surf", advertise: "none" });
  const line = await FaultProxy.to(surf.port);
  use(line);
  const bhop = await bed.start({ name: "bhop", peers: [line], advertise: "none" });
  await allLinked([surf, bhop]);
  return { surf, bhop, line };
}

/** Sends far more than the line takes, without heed, and answers once all that can wait does. */
async function pour(from: MeshProcess, forMs: number): Promise<void> {
  await from.ask("pour", { topic: "pour.x", bytes: 4000, perTurn: 20, forMs });
  await eventually(
    async () => (await from.peers())[0]?.queuedBytes ?? 0,
    (bytes) => bytes > 8 * MiB,
    5000,
  );
}

describe("a line that is far too slow for what is sent", () => {
  test("loses what is counted as dropped and nothing else, and the link stays", async () => {
    const { surf, bhop, line } = await pairOver((made) => made.faultBoth(SLOW));
    await using _ = line;
    await pour(bhop, 1000);
    // Behind all that waits, which takes the line four seconds.
    const { body } = await bhop.request("surf", "echo", "beside", 20_000);
    expect(body).toMatchObject({ payload: "beside" });
    const { answer } = await eventually(
      async () => {
        const { sent } = v.parse(PouredSchema, await bhop.ask("poured"));
        const { poured } = v.parse(PouredSchema, await surf.ask("poured"));
        const dropped = (await bhop.peers())[0]?.counters?.dropped ?? 0;
        return { sent, dropped, poured };
      },
      ({ sent, dropped, poured }) => sent === dropped + poured,
      30_000,
    );
    expect(answer.dropped).toBeGreaterThan(0);
    expect(surf.node.stdout + bhop.node.stdout).not.toContain("link lost");
  }, 40_000);

  test("carries a large message, and small ones beside it that are not behind all of it", async () => {
    const { surf, bhop, line } = await pairOver((made) =>
      made.faultBoth({ bytesPerSecond: 400_000 }),
    );
    await using _ = line;
    await bhop.ask("pour", { topic: "pour.x", bytes: 2 * MiB, perTurn: 1, forMs: 0 });
    let beside = 0;
    while (v.parse(PouredSchema, await surf.ask("poured")).poured === 0) {
      expect(await bhop.ask("echo", beside, "surf")).toBe(beside);
      beside += 1;
    }
    // The large one takes five seconds; behind all of it there would be one.
    expect(beside).toBeGreaterThan(6);
  }, 40_000);

  test.each(["to it", "from it"])(
    "%s does not cost a busy node its name, when another of that name comes",
    async (direction) => {
      const { surf, bhop, line } = await pairOver((made) => made.faultBoth(SLOW));
      await using _ = line;
      await pour(direction === "from it" ? bhop : surf, 9000);
      const second = await bed.startSecond({ name: "bhop", peers: [surf] });
      await second.node.logged("two nodes have the name");
      expect(await second.linked()).toEqual([]);
      expect(await surf.linked()).toEqual(["bhop"]);
      expect(surf.node.stdout + bhop.node.stdout).not.toContain("link lost");
    },
    40_000,
  );
});
