import { afterEach, describe, expect, test } from "bun:test";
import type { Messaging } from "../../../mesh/messaging/messaging.ts";
import type { PeerEvent, PresenceEvent } from "../../../mesh/messaging/messenger.ts";
import { NodeFrameType } from "../../../mesh/messaging/node-frames.ts";
import { nextTurn } from "../../helpers/turns.ts";
import { Member, pair, Way } from "./mesh-pair.ts";

const members: Member[] = [];

afterEach(() => {
  for (const member of members.splice(0)) expect(member.problems).toEqual([]);
});

async function two() {
  const joinedPair = await pair();
  members.push(joinedPair.one, joinedPair.two);
  return joinedPair;
}

function states(member: Member): Record<string, unknown> {
  return Object.fromEntries(member.messaging.presence());
}

describe("presence", () => {
  test("is what each node says of itself, at once here and a turn later there", async () => {
    const { one, two: other, way } = await two();
    expect(states(one)).toEqual({ "kr-1": {}, "kr-2": {} });
    const events: PresenceEvent[] = [];
    other.messaging.onPresence((event) => events.push(event));
    one.messaging.setPresence("game", { map: "kr_1", players: 3 });
    one.messaging.setPresence("version", { version: "1.0" });
    expect(states(one)["kr-1"]).toEqual({ map: "kr_1", players: 3, version: "1.0" });
    await way.settle();
    expect(states(other)).toEqual({
      "kr-1": { map: "kr_1", players: 3, version: "1.0" },
      "kr-2": {},
    });
    expect(events).toEqual([{ node: "kr-1", state: { map: "kr_1", players: 3, version: "1.0" } }]);
    way.down();
    expect(states(other)).toEqual({ "kr-2": {} });
    expect(events.at(-1)).toEqual({ node: "kr-1", state: undefined });
  });

  test("of owners is put together in the order in which they last spoke", async () => {
    const one = new Member("kr-1");
    const set = one.messaging.setPresence.bind(one.messaging);
    set("a", { x: 1, y: 1 });
    set("b", { x: 2 });
    expect(states(one)["kr-1"]).toEqual({ x: 2, y: 1 });
    set("a", { x: 3, y: 3 });
    expect(states(one)["kr-1"]).toEqual({ x: 3, y: 3 });
    set("a", undefined);
    expect(states(one)["kr-1"]).toEqual({ x: 2 });
    set("b", {});
    expect(states(one)["kr-1"]).toEqual({});
    expect(one.messaging.sizes()).toMatchObject({ presenceOwners: 0 });
  });

  test("is a copy that nobody can change", async () => {
    const { one, two: other, way } = await two();
    const state = { players: ["Alice"] };
    one.messaging.setPresence("game", state);
    state.players.push("Bob");
    await way.settle();
    for (const member of [one, other]) {
      const seen = member.messaging.presence().get("kr-1");
      expect(seen).toEqual({ players: ["Alice"] });
      expect(() => Object.assign(seen ?? {}, { players: 1 })).toThrow();
      expect(() => Object.assign(seen?.["players"] ?? [], { 0: "Eve" })).toThrow();
    }
  });

  test("is told only when it changes, and once a turn", async () => {
    const { one, two: other, way } = await two();
    const events: PresenceEvent[] = [];
    other.messaging.onPresence((event) => events.push(event));
    const sent = (): number =>
      way.there.sent.filter((type) => type === NodeFrameType.presence).length;
    for (let players = 0; players < 10; players += 1) {
      one.messaging.setPresence("game", { players });
    }
    await way.settle();
    expect([sent(), events.length]).toEqual([1, 1]);
    one.messaging.setPresence("game", { players: 9 });
    await way.settle();
    expect([sent(), events.length]).toEqual([1, 1]);
    way.cutAndReopen();
    await way.settle();
    expect([sent(), events.length]).toEqual([2, 1]);
  });

  test("is told before what is said after it", async () => {
    const { one, two: other, way } = await two();
    const seen: unknown[] = [];
    other.messaging.subscribe("map", () => {});
    other.messaging.serve("s", () => seen.push(states(other)["kr-1"]));
    await way.settle();
    one.messaging.setPresence("game", { map: 1 });
    const asked = one.messaging.request("kr-2", "s", 1);
    one.messaging.setPresence("game", { map: 2 });
    one.messaging.publish("map", 2);
    expect(way.there.sent.slice(-4)).toEqual([
      NodeFrameType.presence,
      NodeFrameType.request,
      NodeFrameType.presence,
      NodeFrameType.publish,
    ]);
    await way.settle();
    await asked;
    expect(seen).toEqual([{ map: 1 }]);
  });

  test("that other nodes would refuse is refused here, and changes nothing", async () => {
    const { one, two: other, way } = await two();
    one.messaging.setPresence("game", { map: "kr_1" });
    const deep = Array.from({ length: 20 }).reduce((inner) => [inner], 1);
    const bad: Record<string, unknown>[] = [
      { text: "x".repeat(32 * 1024) },
      { list: Array.from({ length: 5000 }, () => 1) },
      { deep },
      { call: () => {} },
    ];
    for (const state of bad) {
      expect(() => one.messaging.setPresence("odd", state)).toThrow(
        expect.objectContaining({
          code: "invalid_payload",
          message: expect.stringContaining('"odd" cannot say this of its node: MessagePack'),
        }),
      );
    }
    const list: object = [1];
    const odd: Messaging["setPresence"] = (owner, state) => one.messaging.setPresence(owner, state);
    expect(() => Reflect.apply(odd, undefined, ["odd", list])).toThrow("values by name");
    const half = { text: "x".repeat(20_000) };
    one.messaging.setPresence("half", half);
    expect(() => one.messaging.setPresence("odd", { other: half.text })).toThrow(
      "32768 bytes at most",
    );
    one.messaging.setPresence("half", undefined);
    expect(one.messaging.sizes()).toMatchObject({ presenceOwners: 1 });
    await way.settle();
    expect(states(other)["kr-1"]).toEqual({ map: "kr_1" });
    one.messaging.setPresence("edge", { text: "x".repeat(32 * 1024 - 30) });
    await way.settle();
    expect(Object.keys(other.messaging.presence().get("kr-1") ?? {})).toEqual(["map", "text"]);
  });
});

describe("peers", () => {
  test("are up once they are ready, and down once", async () => {
    const one = new Member("kr-1");
    const other = new Member("kr-2");
    members.push(one, other);
    other.messaging.setPresence("game", { map: 1 });
    const events: PeerEvent[] = [];
    const seen: unknown[] = [];
    one.messaging.onPeer((event) => {
      events.push(event);
      seen.push(states(one)["kr-2"]);
    });
    const way = new Way(one, other);
    expect(one.messaging.peers()).toEqual([]);
    await way.settle();
    const peer = {
      name: "kr-2",
      instance: way.there.instance,
      incarnation: 1,
      via: undefined,
      rttMs: 1.5,
    };
    expect(one.messaging.peers()).toEqual([peer]);
    way.cutAndReopen();
    await way.settle();
    way.down();
    expect(one.messaging.peers()).toEqual([]);
    expect(events).toEqual([
      { change: "up", peer },
      { change: "down", peer },
    ]);
    expect(seen).toEqual([{ map: 1 }, undefined]);
  });

  test("a restarted one that comes before the old one goes stays", async () => {
    const one = new Member("kr-1");
    const before = new Member("kr-2");
    const after = new Member("kr-2");
    members.push(one, before, after);
    const old = new Way(one, before);
    await old.settle();
    const way = new Way(one, after);
    await way.settle();
    old.down();
    expect(one.messaging.peers().map(({ instance }) => instance)).toEqual([way.there.instance]);
    way.down();
    expect(one.messaging.sizes()).toMatchObject({ nodes: 0, told: 0, interestedNodes: 0 });
  });

  test("a listener that throws or rejects is reported, and the others are told", async () => {
    const one = new Member("kr-1");
    const other = new Member("kr-2");
    members.push(one, other);
    let told = 0;
    one.messaging.onPeer(() => {
      throw new Error("thrown");
    });
    // As a caller without types may do.
    const asynchronous: () => unknown = async () => {
      await nextTurn();
      throw new Error("rejected");
    };
    one.messaging.onPeer(asynchronous);
    const removed = one.messaging.onPeer(() => {
      told += 100;
    });
    one.messaging.onPeer(() => {
      told += 1;
    });
    removed.remove();
    const way = new Way(one, other);
    await way.settle();
    expect(told).toBe(1);
    expect(one.errors).toEqual([new Error("thrown"), new Error("rejected")]);
  });
});

test("taking a part away never fails, also where it uncovers more than a state may be", async () => {
  const { one } = await two();
  const long = "x".repeat(20_000);
  one.messaging.setPresence("first", { a: long });
  one.messaging.setPresence("second", { b: long.slice(0, 1000), c: long.slice(0, 5000) });
  // Covers the long one, so that there is room for another.
  one.messaging.setPresence("third", { a: "short" });
  one.messaging.setPresence("fourth", { d: long });
  one.messaging.setPresence("third", undefined);
  const state = one.messaging.presence().get("kr-1");
  expect(Object.keys(state ?? {}).toSorted()).toEqual(["b", "c", "d"]);
  for (const owner of ["first", "second", "fourth"]) one.messaging.setPresence(owner, undefined);
  expect(states(one)["kr-1"]).toEqual({});
});

describe("until a node that opened again is ready", () => {
  test("what it wanted, offered and said before still holds; then only what it said since", async () => {
    const { one, two: other, way } = await two();
    const old = other.messaging.subscribe("old", () => {});
    other.messaging.subscribe("both", () => {});
    const oldService = other.messaging.serve("old", () => 1);
    other.messaging.setPresence("game", { map: "old" });
    await way.settle();
    const wants = (): boolean[] =>
      ["old", "both", "new"].map((topic) => {
        const before = one.messaging.status().messages.sent;
        one.messaging.publish(topic, 1);
        return one.messaging.status().messages.sent > before;
      });
    expect(wants()).toEqual([true, true, false]);
    way.there.waiting = [];
    way.back.waiting = [];
    old.unsubscribe();
    oldService.remove();
    other.messaging.setPresence("game", { map: "new" });
    other.messaging.subscribe("new", () => {});
    await nextTurn();
    // All of that was under way, and is lost.
    way.cutAndReopen();
    const frames = way.back.waiting;
    expect(frames.at(-1)).toEqual(Uint8Array.of(NodeFrameType.ready));
    way.back.waiting = frames.slice(0, -1);
    await way.settle();
    expect(wants()).toEqual([true, true, false]);
    expect(states(one)["kr-2"]).toEqual({ map: "old" });
    way.back.waiting = frames.slice(-1);
    await way.settle();
    expect(wants()).toEqual([false, true, true]);
    expect(states(one)["kr-2"]).toEqual({ map: "new" });
    expect(one.messaging.peers()).toHaveLength(1);
  });
});
