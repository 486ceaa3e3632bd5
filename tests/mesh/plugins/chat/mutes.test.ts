import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  type MuteEntry,
  muteTargetText,
  parseMutes,
  parseMuteTarget,
} from "../../../../mesh/plugins/chat/mute-entry.ts";
import { Mutes } from "../../../../mesh/plugins/chat/mutes.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = 1_800_000_000_000;

const all = { player: "Bob", server: null } as const;

function mute(
  mutes: Mutes,
  target: string,
  changed: { untilMs?: number | null; nowMs?: number } = {},
) {
  const { untilMs = null, nowMs = NOW_MS } = changed;
  const parsed = parseMuteTarget(target);
  if (parsed === undefined) throw new Error(`${target} is no target`);
  return mutes.mute({ ...parsed, untilMs, by: "admin@surf", reason: "spam" }, nowMs);
}

function isMuted(mutes: Mutes, player: string, server: string, nowMs: number = NOW_MS): boolean {
  return mutes.isMuted(player, server, nowMs) !== undefined;
}

describe("a mute", () => {
  test("of a player counts everywhere, or on one server; of a server for all there", () => {
    const mutes = new Mutes();
    for (const target of ["Bob", "Eve@surf", "@dust"]) mute(mutes, target);
    expect([isMuted(mutes, "bOB", "surf"), isMuted(mutes, "Bob", "city")]).toEqual([true, true]);
    expect([isMuted(mutes, "eve", "surf"), isMuted(mutes, "Eve", "city")]).toEqual([true, false]);
    expect([isMuted(mutes, "Al", "dust"), isMuted(mutes, "Al", "surf")]).toEqual([true, false]);
    expect(mutes.list(NOW_MS).map(muteTargetText)).toEqual(["@dust", "Bob", "Eve@surf"]);
    expect(mutes.isMuted("Bob", "surf", NOW_MS)).toMatchObject({
      by: "admin@surf",
      reason: "spam",
    });
  });

  test("ends at its time", () => {
    const mutes = new Mutes();
    mute(mutes, "Bob", { untilMs: NOW_MS + 1000 });
    expect(isMuted(mutes, "Bob", "surf", NOW_MS + 999)).toBe(true);
    expect(isMuted(mutes, "Bob", "surf", NOW_MS + 1000)).toBe(false);
    expect(mutes.list(NOW_MS + 1000)).toEqual([]);
  });

  test("is counted as long as it is listed", () => {
    const mutes = new Mutes();
    mute(mutes, "Bob", { untilMs: NOW_MS + 1000 });
    mute(mutes, "@dust");
    mute(mutes, "Eve@surf");
    mutes.lift({ player: "Eve", server: "surf" }, "admin", NOW_MS + 1);
    expect([mutes.count(NOW_MS + 999), mutes.count(NOW_MS + 1000)]).toEqual([2, 1]);
  });

  test("is lifted, and told as a change", () => {
    const mutes = new Mutes();
    mute(mutes, "Bob");
    const { changed } = mutes.lift(all, "admin", NOW_MS + 1);
    expect(changed).toMatchObject([{ player: "Bob", state: "lifted", by: "admin" }]);
    expect(isMuted(mutes, "Bob", "surf")).toBe(false);
    expect(mutes.lift(all, "admin", NOW_MS + 2)).toEqual({ changed: [], gaveWay: [] });
    mute(mutes, "Bob", { nowMs: NOW_MS + 3 });
    expect(isMuted(mutes, "Bob", "surf")).toBe(true);
  });

  test("has one line for each of its texts", () => {
    const mutes = new Mutes();
    const reason = `two\nlines ${"x".repeat(500)}`;
    mutes.mute({ ...all, untilMs: null, by: "a\u001b[31m", reason }, NOW_MS);
    const [entry] = mutes.all();
    expect(entry).toMatchObject({ by: "a", reason: `two lines ${"x".repeat(190)}` });
    expect(parseMutes(mutes.all())).toEqual({ entries: [...mutes.all()], bad: 0 });
  });
});

describe("nodes whose clocks differ", () => {
  test.each([-HOUR_MS, HOUR_MS, -400 * DAY_MS, 400 * DAY_MS])(
    "by %d ms lift each other's mutes",
    (aheadMs) => {
      const one = new Mutes();
      const other = new Mutes();
      other.merge(mute(one, "Bob", { nowMs: NOW_MS + aheadMs }).changed, NOW_MS);
      const lifted = other.lift(all, "admin", NOW_MS);
      expect(one.merge(lifted.changed, NOW_MS + aheadMs).changed).toHaveLength(1);
      expect([isMuted(one, "Bob", "surf"), isMuted(other, "Bob", "surf")]).toEqual([false, false]);
    },
  );

  test("the greatest version that counts is lifted everywhere, too", () => {
    const [one, other] = [new Mutes(), new Mutes()];
    const greatest = [{ ...entryOf("Bob"), version: NOW_MS + 3650 * DAY_MS }];
    for (const mutes of [one, other]) mutes.merge(parseMutes(greatest).entries, NOW_MS);
    expect(isMuted(one, "Bob", "surf")).toBe(true);
    const { changed } = one.lift(all, "admin", NOW_MS + 1);
    other.merge(parseMutes(changed).entries, NOW_MS + 1);
    expect([isMuted(one, "Bob", "surf"), isMuted(other, "Bob", "surf")]).toEqual([false, false]);
    const greater = [{ ...entryOf("Eve"), version: 2 ** 52 }];
    expect(one.merge(parseMutes(greater).entries, NOW_MS).changed).toEqual([]);
  });

  test("a clock that was never set loses no mutes", () => {
    const mutes = new Mutes();
    expect(mutes.merge([entryOf("Bob")], 1000).changed).toHaveLength(1);
  });
});

describe("a node that was off", () => {
  test("does not bring back what was lifted meanwhile, for 30 days", () => {
    const on = new Mutes();
    const off = mute(on, "Bob").changed;
    on.lift(all, "admin", NOW_MS + 1);
    expect(on.merge(off, NOW_MS + 29 * DAY_MS).changed).toEqual([]);
    expect(on.all()).toHaveLength(1);
    on.merge([], NOW_MS + 31 * DAY_MS);
    expect(on.all()).toEqual([]);
  });

  test("does not bring back a longer mute that a shorter one has replaced", () => {
    const on = new Mutes();
    const off = mute(on, "Bob").changed;
    mute(on, "Bob", { untilMs: NOW_MS + HOUR_MS, nowMs: NOW_MS + 1 });
    on.merge(off, NOW_MS + DAY_MS);
    expect(isMuted(on, "Bob", "surf", NOW_MS + DAY_MS)).toBe(false);
  });
});

function entryOf(player: string): MuteEntry {
  return {
    player,
    server: null,
    state: "muted",
    untilMs: null,
    version: NOW_MS,
    by: "",
    reason: "",
  };
}

const entry: fc.Arbitrary<MuteEntry> = fc.record({
  player: fc.constantFrom("Bob", "bob", "Eve"),
  server: fc.constantFrom("surf", null),
  state: fc.constantFrom("muted", "lifted"),
  untilMs: fc.constantFrom(null, NOW_MS - DAY_MS, NOW_MS + DAY_MS),
  version: fc.integer({ min: NOW_MS - 3, max: NOW_MS + 3 }),
  by: fc.constantFrom("a", "b"),
  reason: fc.constantFrom("x", "y"),
});

test("nodes end with the same mutes, whatever the order in which they hear of them", () => {
  const shuffled = fc
    .array(entry, { maxLength: 20 })
    .chain((entries) =>
      fc.tuple(
        fc.constant(entries),
        fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length }),
      ),
    );
  const sorted = (mutes: Mutes): string[] =>
    mutes
      .all()
      .map((one) => JSON.stringify(one))
      .toSorted();
  fc.assert(
    fc.property(shuffled, ([entries, others]) => {
      const one = new Mutes();
      const other = new Mutes();
      one.merge(entries, NOW_MS);
      for (const single of others) other.merge([single], NOW_MS);
      other.merge(others, NOW_MS);
      expect(sorted(other)).toEqual(sorted(one));
    }),
    { numRuns: 300 },
  );
});

describe("of more than 1,000", () => {
  test("those that are over soonest give way, and are told", () => {
    const mutes = new Mutes();
    mute(mutes, "lifted", { nowMs: NOW_MS });
    mutes.lift({ player: "lifted", server: null }, "admin", NOW_MS);
    mute(mutes, "short", { untilMs: NOW_MS + HOUR_MS });
    for (let at = 0; at < 998; at++) mute(mutes, `p${at}`, { nowMs: NOW_MS + at });
    const gone = ["a", "b", "c"].map((name) =>
      mute(mutes, name, { nowMs: NOW_MS + 2000 }).gaveWay.map(muteTargetText),
    );
    expect(gone).toEqual([["lifted"], ["short"], ["p0"]]);
    expect(mutes.all()).toHaveLength(1000);
    expect(isMuted(mutes, "c", "surf", NOW_MS)).toBe(true);
  });

  test("what gives way at once is no change", () => {
    const mutes = new Mutes();
    for (let at = 0; at < 1000; at++) mute(mutes, `p${at}`);
    const { changed, gaveWay } = mute(mutes, "late", { untilMs: NOW_MS + HOUR_MS });
    expect([changed, gaveWay.map(muteTargetText)]).toEqual([[], ["late"]]);
  });
});

describe("what came from elsewhere", () => {
  test.each([
    [{ ...entryOf("Bob"), player: null }],
    [{ ...entryOf("Bob"), player: "a\nb" }],
    [{ ...entryOf("Bob"), player: "x".repeat(65) }],
    [{ ...entryOf("Bob"), player: "\ud800" }],
    [{ ...entryOf("Bob"), version: 2 ** 53 }],
    [{ ...entryOf("Bob"), version: -1 }],
    [{ ...entryOf("Bob"), untilMs: Number.NaN }],
    [{ ...entryOf("Bob"), state: "gone" }],
    [{ ...entryOf("Bob"), reason: "x".repeat(201) }],
    [{}],
    [null],
    ["Bob"],
  ])("is no mute: %j", (value) => {
    expect(parseMutes([entryOf("Eve"), value])).toEqual({ entries: [entryOf("Eve")], bad: 1 });
  });

  test("is looked at for 1,000 entries", () => {
    const many = Array.from({ length: 1500 }, (_, at) => entryOf(`p${at}`));
    expect(parseMutes(many).bad).toBe(500);
    expect(parseMutes({ length: 5 })).toEqual({ entries: [], bad: 1 });
  });

  test("loses what does not belong there, and may be anything", () => {
    expect(parseMutes([{ ...entryOf("Bob"), more: 1 }])).toEqual({
      entries: [entryOf("Bob")],
      bad: 0,
    });
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(parseMutes([value]).entries).toEqual([]);
      }),
    );
  });
});

describe("a target", () => {
  test.each([
    ["Bob", { player: "Bob", server: null }],
    [" Bob @ surf ", { player: "Bob", server: "surf" }],
    ["Bob@*", { player: "Bob", server: null }],
    ["@surf", { player: null, server: "surf" }],
    ["a@b@surf", { player: "a@b", server: "surf" }],
    ["a@b@*", { player: "a@b", server: null }],
    ["", undefined],
    ["@", undefined],
    ["@*", undefined],
    ["Bob@", undefined],
    [" @surf", { player: null, server: "surf" }],
    [`Bob@${"x".repeat(65)}`, undefined],
  ])("%j", (text, expected) => {
    expect(parseMuteTarget(text)).toEqual(expected);
  });

  test("is read as it is shown", () => {
    const name = fc.constantFrom("Bob", "a@b", "@x", "the 2nd", null);
    fc.assert(
      fc.property(name, fc.constantFrom("surf", null), (player, server) => {
        if (player === null && server === null) return;
        expect(parseMuteTarget(muteTargetText({ player, server }))).toEqual({ player, server });
      }),
    );
  });
});
