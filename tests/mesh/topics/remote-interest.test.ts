import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Interest, interestKey } from "../../../mesh/topics/interest.ts";
import { RemoteInterest } from "../../../mesh/topics/remote-interest.ts";
import { group, naivelyMatches, pattern, topic } from "./arbitraries.ts";

function plain(pattern: string): Interest {
  return { pattern, group: undefined };
}

describe("who wants a topic", () => {
  test("each peer once, and each group with the peers that have members", () => {
    const remote = new RemoteInterest<string>();
    remote.set("kr-1", [plain("chat.>"), plain("chat.*"), { pattern: "chat.*", group: "relay" }]);
    remote.set("kr-2", [
      { pattern: "chat.*", group: "relay" },
      { pattern: "chat.global", group: "relay" },
    ]);
    remote.set("kr-3", [plain("score.>")]);
    const { plain: peers, groups } = remote.wanted("chat.global");
    expect(peers).toEqual(["kr-1"]);
    expect([...groups]).toEqual([["relay", ["kr-1", "kr-2"]]]);
    expect(remote.wanted("map")).toEqual({ plain: [], groups: new Map() });
  });

  test("follows every change, although it is remembered", () => {
    const remote = new RemoteInterest<string>();
    const peers = (): readonly string[] => remote.wanted("a.b").plain;
    expect(peers()).toEqual([]);
    remote.add("one", plain("a.b"));
    expect(peers()).toEqual(["one"]);
    remote.add("two", plain("a.*"));
    expect(peers()).toEqual(["one", "two"]);
    remote.remove("one", plain("a.b"));
    expect(peers()).toEqual(["two"]);
    remote.set("one", [plain(">")]);
    expect(peers()).toEqual(["two", "one"]);
    remote.forget("two");
    expect(peers()).toEqual(["one"]);
    expect(remote.list("two")).toEqual([]);
    remote.set("one", []);
    expect(peers()).toEqual([]);
  });

  test("a peer is told from another by identity, as a link that replaces a link is", () => {
    const remote = new RemoteInterest<{ readonly name: string }>();
    const before = { name: "kr-1" };
    const after = { name: "kr-1" };
    remote.set(before, [plain("a")]);
    remote.set(after, [plain("a")]);
    remote.forget(before);
    expect(remote.wanted("a").plain).toEqual([after]);
  });

  const step = fc.oneof(
    fc.record({ do: fc.constantFrom("add", "remove"), pattern, group, peer: fc.nat(3) }),
    fc.record({
      do: fc.constant("set" as const),
      peer: fc.nat(3),
      interests: fc.array(fc.record({ pattern, group }), { maxLength: 5 }),
    }),
    fc.record({ do: fc.constant("forget" as const), peer: fc.nat(3) }),
    fc.record({ do: fc.constant("look" as const), topic }),
  );

  test("agrees with plain sets after any changes", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const remote = new RemoteInterest<number>({ cachedTopicsMax: 3 });
        const sets = new Map<number, Map<string, Interest>>();
        for (const step of steps) {
          if ("topic" in step) {
            expectSameAudience(remote, { sets, topic: step.topic });
            continue;
          }
          const set = sets.get(step.peer) ?? new Map<string, Interest>();
          sets.set(step.peer, set);
          if ("interests" in step) {
            expect(remote.set(step.peer, step.interests)).toBe("ok");
            set.clear();
            for (const interest of step.interests) set.set(interestKey(interest), interest);
          } else if (!("pattern" in step)) {
            remote.forget(step.peer);
            set.clear();
          } else if (step.do === "add") {
            expect(remote.add(step.peer, step)).toBe("ok");
            set.set(interestKey(step), step);
          } else {
            remote.remove(step.peer, step);
            set.delete(interestKey(step));
          }
        }
        for (const topic of ["a", "a.b", "a.b.c"]) expectSameAudience(remote, { sets, topic });
      }),
    );
  });
});

/** Compares as sets: `sets` does not know who came first. */
function expectSameAudience(
  remote: RemoteInterest<number>,
  reference: { readonly sets: Map<number, Map<string, Interest>>; readonly topic: string },
): void {
  const { sets, topic } = reference;
  const { plain, groups } = remote.wanted(topic);
  for (const name of [undefined, "g", "h"]) {
    const wanting = [...sets].filter(([, set]) =>
      [...set.values()].some(
        ({ pattern, group }) => group === name && naivelyMatches(pattern, topic),
      ),
    );
    const found = name === undefined ? plain : (groups.get(name) ?? []);
    expect(found).toHaveLength(wanting.length);
    expect(new Set(found)).toEqual(new Set(wanting.map(([peer]) => peer)));
    if (name !== undefined) expect(groups.has(name)).toBe(wanting.length > 0);
  }
}

describe("a peer that goes too far", () => {
  test("with its list is refused, and nothing changes", () => {
    const remote = new RemoteInterest<string>({ interestsMax: 2 });
    expect(remote.set("one", [plain("a"), plain("b"), plain("a")])).toBe("ok");
    expect(remote.set("one", [plain("c"), plain("d"), plain("e")])).toBe("too_many");
    expect(remote.set("one", [plain("c"), plain("d..e")])).toBe("invalid");
    expect(remote.list("one")).toEqual([plain("a"), plain("b")]);
    expect(remote.wanted("c").plain).toEqual([]);
  });

  test("one by one is refused, and others are not", () => {
    const remote = new RemoteInterest<string>({ interestsMax: 1 });
    expect(remote.add("one", plain("a"))).toBe("ok");
    expect(remote.add("one", plain("a"))).toBe("ok");
    expect(remote.add("one", plain("b"))).toBe("too_many");
    expect(remote.add("two", plain("b"))).toBe("ok");
    remote.remove("one", plain("a"));
    expect(remote.add("one", plain("b"))).toBe("ok");
    expect(remote.wanted("b").plain).toEqual(["two", "one"]);
  });

  test.each([
    ["", undefined],
    ["a b", undefined],
    ["a.>.b", undefined],
    ["a".repeat(257), undefined],
    ["a", ""],
    ["a", "g".repeat(65)],
  ])("a pattern %j for group %j is refused", (pattern, group) => {
    const remote = new RemoteInterest<string>();
    expect(remote.add("one", { pattern, group })).toBe("invalid");
    expect(remote.list("one")).toEqual([]);
  });

  test("10,000 things are not too far", () => {
    const remote = new RemoteInterest<string>();
    const interests = Array.from({ length: 10_000 }, (_, count) => plain(`player.${count}`));
    expect(remote.set("one", interests)).toBe("ok");
    expect(remote.add("one", plain("a"))).toBe("too_many");
    expect(remote.wanted("player.9999").plain).toEqual(["one"]);
  });

  test("1,000 wildcards are not too far, and one more is; one that ends makes room", () => {
    const remote = new RemoteInterest<string>();
    const wildcards = Array.from({ length: 1000 }, (_, count) => plain(`player.${count}.*`));
    expect(remote.set("one", [...wildcards, plain("a")])).toBe("ok");
    expect(remote.add("one", plain("player.1.*"))).toBe("ok");
    expect(remote.add("one", plain(">"))).toBe("too_many");
    expect(remote.set("one", [...wildcards, plain(">")])).toBe("too_many");
    expect(remote.add("one", plain("b"))).toBe("ok");
    remote.remove("one", plain("player.1.*"));
    expect(remote.add("one", plain(">"))).toBe("ok");
    expect(remote.add("one", plain("*"))).toBe("too_many");
    expect(remote.add("two", plain("*"))).toBe("ok");
  });

  test("leaves nothing once it is forgotten", () => {
    const remote = new RemoteInterest<string>({ wildcardsMax: 1 });
    for (let count = 0; count < 10; count += 1) {
      expect(remote.set("one", [plain("*"), plain(`a.${count}`)])).toBe("ok");
      expect(remote.size).toBe(1);
      remote.forget("one");
    }
    expect(remote.size).toBe(0);
    expect(remote.wanted("a")).toEqual({ plain: [], groups: new Map() });
  });

  test("a peer nobody heard of wants nothing and can be forgotten", () => {
    const remote = new RemoteInterest<string>();
    remote.forget("one");
    remote.remove("one", plain("a"));
    expect(remote.list("one")).toEqual([]);
  });
});
