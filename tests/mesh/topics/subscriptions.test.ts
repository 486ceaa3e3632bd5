import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { SubscriptionTable } from "../../../mesh/topics/subscriptions.ts";
import { group, naivelyMatches, pattern, topic } from "./arbitraries.ts";

describe("matching", () => {
  test("finds plain subscribers and groups in the order of their subscriptions", () => {
    const table = new SubscriptionTable<string>();
    table.add(">", "log");
    table.add("chat.*", "relay-1", { group: "relay" });
    table.add("chat.global", "page");
    table.add("chat.>", "relay-2", { group: "relay" });
    table.add("chat.global", "store-1", { group: "store" });
    table.add("chat.team", "team");
    const { plain, groups } = table.match("chat.global");
    expect(plain).toEqual(["log", "page"]);
    expect([...groups]).toEqual([
      ["relay", ["relay-1", "relay-2"]],
      ["store", ["store-1"]],
    ]);
  });

  test("finds a subscriber once for each of its subscriptions", () => {
    const table = new SubscriptionTable<string>();
    table.add("chat.*", "page");
    table.add("chat.global", "page");
    const again = table.add("chat.global", "page");
    expect(table.match("chat.global").plain).toEqual(["page", "page", "page"]);
    again.remove();
    expect(table.match("chat.global").plain).toEqual(["page", "page"]);
  });

  test("agrees with a plain list", () => {
    const subscription = fc.record({ pattern, group });
    fc.assert(
      fc.property(fc.array(subscription, { maxLength: 20 }), topic, (subscriptions, topic) => {
        const table = new SubscriptionTable<(typeof subscriptions)[number]>();
        for (const each of subscriptions) table.add(each.pattern, each, { group: each.group });
        const matching = subscriptions.filter(({ pattern }) => naivelyMatches(pattern, topic));
        const of = (name: string | undefined) => matching.filter(({ group }) => group === name);
        const { plain, groups } = table.match(topic);
        expect(plain).toEqual(of(undefined));
        for (const name of ["g", "h"]) expect(groups.get(name) ?? []).toEqual(of(name));
        expect([...groups.values()].every((members) => members.length > 0)).toBe(true);
      }),
    );
  });

  test("leaves nothing of what was removed", () => {
    const table = new SubscriptionTable<string>();
    const added = [table.add("a", "x"), table.add("*", "x"), table.add("a", "x", { group: "g" })];
    expect(table.size).toBe(3);
    for (const each of added) each.remove();
    expect(table.size).toBe(0);
    expect(table.match("a")).toEqual({ plain: [], groups: new Map() });
  });
});

test.each(["player.$.kills", "player.$.*"])("memory does not grow as %s come and go", (pattern) => {
  const table = new SubscriptionTable<string>();
  const churn = (times: number): number => {
    for (let count = 0; count < times; count += 1) {
      table.add(pattern.replace("$", `${count}`), "x").remove();
    }
    Bun.gc(true);
    return process.memoryUsage().heapUsed;
  };
  const before = churn(1000);
  // What is left of one would be some hundred bytes.
  expect(churn(50_000) - before).toBeLessThan(5_000_000);
});

describe("limits", () => {
  test("a subscription too many is refused, and there is room again once one ends", () => {
    const table = new SubscriptionTable<string>({ subscriptionsMax: 2 });
    const first = table.add("a", "x");
    table.add("b", "x");
    expect(() => table.add("c", "x")).toThrow(
      expect.objectContaining({
        name: "MeshError",
        code: "too_many_subscriptions",
        message:
          'cannot subscribe to "c": this node holds 2 subscriptions and may hold no more; ' +
          "end some that are no longer needed, or let one with * or > do for many",
      }),
    );
    first.remove();
    first.remove();
    expect(table.size).toBe(1);
    table.add("c", "x");
    expect(() => table.add("d", "x")).toThrow("may hold no more");
    expect(table.match("c").plain).toEqual(["x"]);
  });

  test("the default is 10,000", () => {
    const table = new SubscriptionTable<number>();
    for (let count = 0; count < 10_000; count += 1) table.add(`player.${count}`, count);
    expect(() => table.add("a", 0)).toThrow("holds 10000 subscriptions");
    expect(table.match("player.9999").plain).toEqual([9999]);
  });

  test("what is not a pattern or a group is refused and takes no room", () => {
    const table = new SubscriptionTable<string>({ subscriptionsMax: 1 });
    expect(() => table.add("a..b", "x")).toThrow('the pattern "a..b" has an empty token');
    expect(() => table.add("a", "x", { group: "" })).toThrow('the group "" is empty');
    expect(table.size).toBe(0);
    table.add("a", "x");
  });
});
