import { expect, test } from "bun:test";
import { Member, Way } from "./mesh-pair.ts";

test("nothing grows as nodes, subscriptions, services and requests come and go", async () => {
  const node = new Member("kr-1");
  const stays = new Member("kr-2");
  const way = new Way(node, stays);
  stays.messaging.serve("echo", ({ payload }) => payload);
  await way.settle();
  const before = [node.messaging.sizes(), stays.messaging.sizes()];
  for (let round = 0; round < 50; round += 1) {
    const comes = new Member(`game-${round % 7}`);
    comes.messaging.subscribe("chat.>", () => {});
    comes.messaging.serve("score", () => new Promise(() => {}));
    comes.messaging.setPresence("game", { round });
    const other = new Way(node, comes);
    await other.settle();
    const subscriptions = Array.from({ length: 20 }, (_, at) =>
      node.messaging.subscribe(at % 2 === 0 ? `player.${round}.${at}` : `player.${at}.*`, () => {}),
    );
    const registrations = [
      node.messaging.serve(`score.${round}`, () => 1),
      node.messaging.onPeer(() => {}),
      node.messaging.onPresence(() => {}),
    ];
    node.messaging.setPresence(`owner ${round}`, { round });
    const abort = new AbortController();
    const requests = [
      node.messaging.request("kr-2", "echo", round),
      node.messaging.request(comes.name, "score", 1),
      node.messaging.request(comes.name, "score", 1, { signal: abort.signal }),
      node.messaging.request(comes.name, "score", 1, { timeoutMs: 50 }),
    ].map((request) => request.catch((error: unknown) => error));
    stays.messaging.publish(`player.${round}.0`, round);
    await Promise.all([way.settle(), other.settle()]);
    abort.abort();
    node.clock.advance(100);
    if (round % 2 === 0) other.cutAndReopen();
    await Promise.all([way.settle(), other.settle()]);
    other.down();
    expect(await Promise.all(requests)).toMatchObject([
      round,
      { code: "node_lost" },
      { code: "cancelled" },
      { code: "request_timeout" },
    ]);
    for (const subscription of subscriptions) subscription.unsubscribe();
    for (const registration of registrations) registration.remove();
    node.messaging.setPresence(`owner ${round}`, undefined);
    await way.settle();
    expect(comes.problems).toEqual([]);
  }
  expect([node.messaging.sizes(), stays.messaging.sizes()]).toEqual(before);
  expect(node.clock.timers).toBeLessThan(3);
  expect([...node.problems, ...stays.problems, ...node.errors]).toEqual([]);
});
