import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type InterestDelta, interestKey, LocalInterest } from "../../../mesh/topics/interest.ts";
import { RemoteInterest } from "../../../mesh/topics/remote-interest.ts";
import type { Removable } from "../../../mesh/topics/removable.ts";
import { group, pattern } from "./arbitraries.ts";

function setUp() {
  const deltas: InterestDelta[] = [];
  const local = new LocalInterest((delta) => deltas.push(delta));
  const told = (): string[] =>
    deltas.splice(0).map(({ change, pattern, group }) => `${change} ${pattern} ${group ?? "-"}`);
  return { local, told };
}

describe("changes", () => {
  test("only the first and the last subscription that want a thing are told", () => {
    const { local, told } = setUp();
    const first = local.add({ pattern: "chat.>", group: undefined });
    const second = local.add({ pattern: "chat.>", group: undefined });
    expect(told()).toEqual(["add chat.> -"]);
    first.remove();
    first.remove();
    expect(told()).toEqual([]);
    second.remove();
    expect(told()).toEqual(["remove chat.> -"]);
    local.add({ pattern: "chat.>", group: undefined });
    expect(told()).toEqual(["add chat.> -"]);
  });

  test("the same pattern for a group is something else", () => {
    const { local, told } = setUp();
    local.add({ pattern: "a", group: undefined });
    local.add({ pattern: "a", group: "g" }).remove();
    expect(told()).toEqual(["add a -", "add a g", "remove a g"]);
    expect(local.list()).toEqual([{ pattern: "a", group: undefined }]);
  });

  test("what other nodes would refuse is refused here, and takes no room", () => {
    const deltas: InterestDelta[] = [];
    const local = new LocalInterest((delta) => deltas.push(delta), {
      interestsMax: 3,
      wildcardsMax: 1,
    });
    const wildcard = local.add({ pattern: "a.*", group: undefined });
    local.add({ pattern: "a.*", group: undefined }).remove();
    expect(() => local.add({ pattern: "b.>", group: undefined })).toThrow(
      expect.objectContaining({
        code: "too_many_subscriptions",
        message:
          'cannot subscribe to "b.>": this node is subscribed to 1 different patterns with ' +
          "wildcards and may be to no more; let a wider one do for many",
      }),
    );
    wildcard.remove();
    for (const pattern of ["b.>", "c", "d"]) local.add({ pattern, group: undefined });
    expect(() => local.add({ pattern: "e", group: undefined })).toThrow(
      expect.objectContaining({
        code: "too_many_subscriptions",
        message:
          'cannot subscribe to "e": this node is subscribed to 3 different patterns and may be ' +
          "to no more; end some that are no longer needed",
      }),
    );
    expect(local.size).toBe(3);
    expect(deltas.map(({ change, pattern }) => `${change} ${pattern}`)).toEqual([
      "add a.*",
      "remove a.*",
      "add b.>",
      "add c",
      "add d",
    ]);
  });

  test("replayed at a peer give what a new peer is told", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("add" as const), pattern, group }),
      fc.record({ do: fc.constant("remove" as const), at: fc.nat(10) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, joinsAt) => {
        const { local, remote, join } = pair();
        let held: Removable[] = [];
        for (const [count, step] of steps.entries()) {
          if (count === joinsAt) join();
          if (step.do === "add") {
            held.push(local.add(step));
          } else {
            held[step.at]?.remove();
            held = held.toSpliced(step.at, 1);
          }
        }
        const all = local.list().map(interestKey).toSorted();
        expect(new Set(all).size).toBe(all.length);
        expect(remote.list("early").map(interestKey).toSorted()).toEqual(all);
        if (joinsAt < steps.length) {
          expect(remote.list("late").map(interestKey).toSorted()).toEqual(all);
        }
      }),
    );
  });
});

/** Two peers of a node: one is told of every change from the beginning, the other once it joins. */
function pair() {
  const remote = new RemoteInterest<string>();
  const told = ["early"];
  const local = new LocalInterest(({ change, ...interest }) => {
    for (const peer of told) remote[change](peer, interest);
  });
  const join = (): void => {
    remote.set("late", local.list());
    told.push("late");
  };
  return { local, remote, join };
}
