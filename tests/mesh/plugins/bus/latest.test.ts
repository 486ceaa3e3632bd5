import { expect, test } from "bun:test";
import { Latest } from "../../../../mesh/plugins/bus/latest.ts";
import { Outlet } from "../../../../mesh/plugins/bus/outlet.ts";
import { decode } from "../../../../src/index.ts";
import { nextTurn } from "../../../helpers/turns.ts";

/** The way to an application that takes nothing until it is told to go on. */
class Tap {
  readonly told: unknown[] = [];
  readonly outlet: Outlet;
  #room: PromiseWithResolvers<void> | undefined;

  constructor() {
    this.outlet = new Outlet({
      sendData: (data) => {
        this.told.push(decode(Buffer.from(data)));
        return this.#room === undefined;
      },
      drained: async () => {
        await this.#room?.promise;
      },
    });
  }

  shut(): void {
    this.#room = Promise.withResolvers();
    this.outlet.send({ op: "hello" });
    this.told.length = 0;
  }

  open(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}

const news = (node: string, state: number) => ({ op: "presence", node, state }) as const;

test("news reach an application that keeps up, each of them", async () => {
  const tap = new Tap();
  const latest = new Latest(tap.outlet);
  for (const state of [1, 2]) {
    latest.tell("surf", news("surf", state));
    await nextTurn();
  }
  expect(tap.told).toEqual([news("surf", 1), news("surf", 2)]);
});

test("one that is behind is told the last of each node, in the order of these", async () => {
  const tap = new Tap();
  tap.shut();
  const latest = new Latest(tap.outlet);
  latest.tell("surf", news("surf", 1));
  latest.tell("dust", news("dust", 1));
  latest.tell("surf", news("surf", 2));
  await nextTurn();
  expect(tap.told).toEqual([]);
  tap.open();
  await nextTurn();
  expect(tap.told).toEqual([news("dust", 1), news("surf", 2)]);
});

test("one that is far behind is told of the last 1,024 nodes", async () => {
  const tap = new Tap();
  tap.shut();
  const latest = new Latest(tap.outlet);
  for (let at = 0; at < 2000; at++) latest.tell(`n${at}`, news(`n${at}`, at));
  tap.open();
  await nextTurn();
  expect(tap.told.length).toBe(1024);
  expect(tap.told[0]).toEqual(news("n976", 976));
});

test("nothing is told after it was closed", async () => {
  const tap = new Tap();
  tap.shut();
  const latest = new Latest(tap.outlet);
  latest.tell("surf", news("surf", 1));
  latest.close();
  tap.open();
  await nextTurn();
  expect(tap.told).toEqual([]);
});
