import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Announcer } from "../../../mesh/messaging/announcer.ts";
import { NodeFrameType, readOffer, readWant } from "../../../mesh/messaging/node-frames.ts";
import { Services } from "../../../mesh/messaging/services.ts";
import { interestKey, LocalInterest } from "../../../mesh/topics/interest.ts";
import { nextTurn } from "../../helpers/turns.ts";
import { group, naivelyMatches, pattern } from "../topics/arbitraries.ts";
import { FakeNode, Member, pair, Way } from "./mesh-pair.ts";

describe("changes for a node that takes nothing", () => {
  test("are kept back after a while, and told as what is left of them", async () => {
    const { one, two, way } = await pair();
    way.there.fill();
    const bytes = (): number =>
      way.there.waiting.reduce((sum, frame) => sum + (frame?.length ?? 0), 0);
    const kept = one.messaging.subscribe("kept.>", () => {});
    await way.settle();
    for (let count = 0; count < 20_000; count += 1) {
      one.messaging.subscribe(`a.${count}.${"x".repeat(100)}`).unsubscribe();
      one.messaging.serve(`a.${count}`, () => 1).remove();
      if (count % 100 === 0) one.messaging.setPresence("game", { count });
      if (count % 100 === 0) await nextTurn();
    }
    expect(bytes()).toBeLessThan(300 * 1024);
    kept.unsubscribe();
    one.messaging.subscribe("new", () => {});
    one.messaging.serve("new", () => "here");
    way.there.waiting = way.there.waiting.filter((frame) => frame !== undefined);
    await way.settle();
    two.messaging.publish("new", 1);
    expect(two.messaging.status().messages.sent).toBe(0);
    way.there.drain();
    await way.settle();
    two.messaging.publish("new", 1);
    two.messaging.publish("kept.it", 1);
    expect(two.messaging.status().messages.sent).toBe(1);
    const asked = two.messaging.request("kr-1", "new", 1);
    await way.settle();
    expect(await asked).toBe("here");
    expect(two.messaging.presence().get("kr-1")).toEqual({ count: 19_900 });
    expect([...one.problems, ...two.problems]).toEqual([]);
  });

  test("are not told by an old way once another was opened", async () => {
    const announcer = new Announcer(
      { interests: () => [], services: () => [], presence: () => ({}) },
      { schedule: setImmediate },
    );
    const node = new FakeNode("kr-2");
    announcer.open(node);
    node.fill();
    for (let count = 0; count < 5000; count += 1) {
      const pattern = `p${count}.${"x".repeat(200)}`;
      announcer.interest({ change: "add", pattern, group: undefined });
    }
    expect(node.sent.length).toBeLessThan(5000);
    announcer.open(node);
    const before = node.sent.length;
    node.drain();
    await nextTurn();
    expect(node.sent.length).toBe(before);
    announcer.forget(node);
    expect(announcer.size).toBe(0);
  });
});

test("changes that were kept back come to the same in the end", async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("want" as const), pattern, group }),
    fc.record({ do: fc.constant("offer" as const), name: fc.constantFrom("x", "y", "z") }),
    fc.record({ do: fc.constant("undo" as const), at: fc.nat(10) }),
    fc.record({ do: fc.constant("fill" as const) }),
    fc.record({ do: fc.constant("drain" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const interest = new LocalInterest((delta) => announcer.interest(delta));
      const services = new Services((change, name) => announcer.service(change, name));
      const announcer = new Announcer(
        { interests: () => interest.list(), services: () => services.list(), presence: () => ({}) },
        { schedule: setImmediate, burstBytesMax: 1 },
      );
      const node = new FakeNode("kr-2");
      announcer.open(node);
      let undo: { remove(): void }[] = [];
      for (const step of steps) {
        if (step.do === "want") undo.push(interest.add(step));
        else if (step.do === "offer") {
          if (services.has(step.name)) continue;
          undo.push(services.add({ name: step.name, handler: () => 1, owner: "test" }));
        } else if (step.do === "undo") {
          undo[step.at]?.remove();
          undo = undo.toSpliced(step.at, 1);
        } else {
          node[step.do]();
          await nextTurn();
        }
      }
      node.drain();
      await nextTurn();
      expect(whatItWasTold(node)).toEqual({
        wants: interest.list().map(interestKey).toSorted(),
        offers: services.list().toSorted(),
      });
    }),
  );
});

/** As the node reads the frames; a change that changes nothing is a mistake of who sent it. */
function whatItWasTold(node: FakeNode): { wants: string[]; offers: string[] } {
  const told = {
    [NodeFrameType.want]: new Set<string>(),
    [NodeFrameType.offer]: new Set<string>(),
  };
  for (const frame of node.waiting) {
    const type = frame?.[0];
    if (frame === undefined) continue;
    if (type !== NodeFrameType.want && type !== NodeFrameType.offer) continue;
    const read =
      type === NodeFrameType.want ? readWant(frame.subarray(1)) : readOffer(frame.subarray(1));
    if (typeof read === "string") throw new Error(read);
    for (const name of "services" in read ? read.services : read.interests.map(interestKey)) {
      if (read.change === "add") told[type].add(name);
      else expect(told[type].delete(name)).toBe(true);
    }
  }
  const { want, offer } = NodeFrameType;
  return { wants: [...told[want]].toSorted(), offers: [...told[offer]].toSorted() };
}

test("all that 10,000 subscriptions want is told in frames below 64 KiB", async () => {
  const { one, two, way } = await pair();
  for (let count = 0; count < 10_000; count += 1) {
    one.messaging.subscribe(`${"x".repeat(240)}.${count}`, { group: "g".repeat(64) });
  }
  way.cutAndReopen();
  const wants = way.there.waiting.filter((frame) => frame?.[0] === NodeFrameType.want);
  expect(wants.length).toBeGreaterThan(50);
  expect(Math.max(...wants.map((frame) => frame?.length ?? 0))).toBeLessThan(64 * 1024);
  await way.settle();
  expect(two.problems).toEqual([]);
  two.messaging.publish(`${"x".repeat(240)}.9999`, 1);
  expect(two.messaging.status().messages.sent).toBe(1);
});

describe("any sequence of changes", () => {
  const node = fc.nat(1);
  const step = fc.oneof(
    fc.record({ do: fc.constant("subscribe" as const), pattern, group, node }),
    fc.record({ do: fc.constant("serve" as const), name: fc.constantFrom("x", "y"), node }),
    fc.record({ do: fc.constant("say" as const), map: fc.nat(3), node }),
    fc.record({ do: fc.constant("undo" as const), at: fc.nat(20) }),
    fc.record({ do: fc.constant("reopen" as const) }),
    fc.record({ do: fc.constant("settle" as const) }),
    fc.record({ do: fc.constant("fill" as const) }),
    fc.record({ do: fc.constant("drain" as const) }),
  );

  test("and of ways leaves each node with what the other wants, offers and says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        // The first of those that can get a message for a group is the other node.
        const nodes = [0, 1].map((at) => ({
          member: new Member(`kr-${at}`, { random: () => 0 }),
          wants: new Set<string>(),
          serves: new Set<string>(),
        }));
        const [one, two] = nodes;
        if (one === undefined || two === undefined) throw new Error("there are two");
        const way = new Way(one.member, two.member);
        let undo: (() => void)[] = [];
        for (const step of steps) {
          const { member, wants, serves } = ("node" in step ? nodes[step.node] : undefined) ?? one;
          switch (step.do) {
            case "subscribe": {
              const options = step.group === undefined ? {} : { group: step.group };
              const subscription = member.messaging.subscribe(step.pattern, () => {}, options);
              const key = `${step.pattern} ${undo.length} ${wants.size}`;
              wants.add(key);
              undo.push(() => {
                subscription.unsubscribe();
                wants.delete(key);
              });
              break;
            }
            case "serve": {
              const { name } = step;
              if (serves.has(name)) break;
              const service = member.messaging.serve(name, () => name);
              serves.add(name);
              undo.push(() => {
                service.remove();
                serves.delete(name);
              });
              break;
            }
            case "say":
              member.messaging.setPresence("game", { map: step.map });
              break;
            case "undo":
              undo[step.at]?.();
              undo = undo.toSpliced(step.at, 1);
              break;
            case "reopen":
              way.cutAndReopen();
              break;
            case "settle":
              await way.settle();
              break;
            case "fill":
            case "drain":
              way.there[step.do]();
          }
        }
        way.there.drain();
        await way.settle();
        for (const [from, to] of [
          [one, two],
          [two, one],
        ] as const) {
          for (const topic of ["a", "a.b", "a.b.c"]) {
            const before = from.member.messaging.status().messages.sent;
            from.member.messaging.publish(topic, 1);
            const sent = from.member.messaging.status().messages.sent - before;
            const patterns = [...to.wants].map((key) => key.split(" ")[0] ?? "");
            const isWanted = patterns.some((pattern) => naivelyMatches(pattern, topic));
            expect(sent).toBe(isWanted ? 1 : 0);
          }
          for (const name of ["x", "y"]) {
            const asked = from.member.messaging.request(to.member.name, name, 1).catch(String);
            await way.settle();
            if (to.serves.has(name)) expect(await asked).toBe(name);
            else expect(await asked).toContain("does not serve");
          }
          const own = to.member.messaging.presence().get(to.member.name);
          expect(from.member.messaging.presence().get(to.member.name)).toEqual(own);
          expect(from.member.problems).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
