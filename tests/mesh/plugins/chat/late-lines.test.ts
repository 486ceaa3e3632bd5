import { beforeEach, describe, expect, test } from "bun:test";
import { LateLines } from "../../../../mesh/plugins/chat/late-lines.ts";
import { COMINGS_MAX } from "../../../../mesh/plugins/chat/limits.ts";
import { RelayBed, type RelayServer } from "./relay-bed.ts";

let bed: RelayBed;
let surf: RelayServer;
let bhop: RelayServer;

beforeEach(() => {
  bed = new RelayBed();
  surf = bed.add("surf");
  bhop = bed.add("bhop");
});

describe("the last lines", () => {
  test("are shown to a game that comes up late, asked from who was there", async () => {
    await surf.say("Alice", "first of all");
    bed.nowMs += 1000;
    await bhop.say("Bob", "and then some");
    bed.nowMs += 1000;
    const late = bed.add("late", { history: "10" });
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.lines).toEqual(["[surf] Alice: first of all", "[bhop] Bob: and then some"]);
    // Once.
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.lines.length).toBe(2);
  });

  test("are those that came while the game was away, and no others", async () => {
    const kz = bed.add("kz", { history: "10" });
    await kz.happens({ type: "up", map: undefined, players: [] });
    await surf.say("Alice", "you see this");
    kz.outcome = "down";
    await surf.say("Alice", "you see this later");
    kz.outcome = "sent";
    await kz.happens({ type: "up", map: undefined, players: [] });
    expect(kz.lines).toEqual(["[surf] Alice: you see this", "[surf] Alice: you see this later"]);
  });

  test("are those, too, for which the console of a game that is heard was away", async () => {
    const kz = bed.add("kz", { history: "10", announce: "up, down" });
    await kz.happens({ type: "up", map: undefined, players: [] });
    kz.outcome = "down";
    await surf.say("Alice", "you see this later");
    kz.outcome = "sent";
    await kz.happens({ type: "console_up" });
    expect(kz.lines).toEqual(["[surf] Alice: you see this later"]);
    expect(surf.lines).toEqual(["[kz] the game is up"]);
  });

  test("are shown once, as long as they are remembered", async () => {
    const kz = bed.add("kz", { history: "10" });
    await surf.say("Alice", "you see this once");
    bed.nowMs += 11 * 60_000;
    await kz.happens({ type: "up", map: undefined, players: [] });
    expect(kz.lines).toEqual(["[surf] Alice: you see this once"]);
  });

  test("are in the history once, whoever has said them and however late they are asked for", async () => {
    const kz = bed.add("kz", { history: "10" });
    await surf.say("Alice", "first of all");
    await kz.say("Kim", "and then some");
    const known = kz.desk.history.last("global", 10, 0);
    expect(known.map(({ player }) => player)).toEqual(["Alice", "Kim"]);
    bed.nowMs += 11 * 60_000;
    await kz.happens({ type: "up", map: undefined, players: [] });
    expect(kz.desk.history.last("global", 10, 0)).toEqual(known);
  });

  test("are shown the next time where the console has not taken them", async () => {
    await surf.say("Alice", "first of all");
    const late = bed.add("late", { history: "10" });
    late.outcome = "down";
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.counts).toEqual({ game_down: 1 });
    late.outcome = "sent";
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.lines).toEqual(["[surf] Alice: first of all"]);
  });

  test.each([
    ["queue_full", 1],
    ["failed", 0],
    ["unsupported", 0],
  ] as const)(
    "of which one was %s are shown %d times when a node comes",
    async (outcome, times) => {
      const kz = bed.add("kz", { history: "10" });
      await kz.happens({ type: "up", map: undefined, players: [] });
      kz.outcome = outcome;
      await surf.say("Alice", "live");
      kz.outcome = "sent";
      await bed.join(bed.add("other"));
      expect(kz.lines.length).toBe(times);
    },
  );

  test("of the past that were not answered are not shown again either", async () => {
    await surf.say("Alice", "first of all");
    const late = bed.add("late", { history: "10" });
    late.outcome = "failed";
    await late.happens({ type: "up", map: undefined, players: [] });
    late.outcome = "sent";
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.counts).toEqual({ failed: 1 });
  });

  test("are those that this server lets through, whoever tells them", async () => {
    await surf.say("Alice", "buy gold here");
    await surf.say("Spam", "anything at all");
    await surf.say("gold.example", "hello all");
    await surf.say("Heck Bob", "what the heck");
    const late = bed.add("late", { history: "10", drop: ["gold"], mask: ["heck"] });
    late.mutes.mute({ who: "Spam" }, "x");
    await bed.settled();
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.lines).toEqual(["[surf] *** Bob: what the ***"]);
  });

  test("are none that wait for the console's answer", async () => {
    const kz = bed.add("kz", { history: "10" });
    kz.consoleAnswers = new Promise(() => {});
    await surf.say("Alice", "you see this once");
    await kz.happens({ type: "up", map: undefined, players: [] });
    expect(kz.lines).toEqual(["[surf] Alice: you see this once"]);
  });

  test("are known when a bot repeats them", async () => {
    await surf.say("Alice", "first of all");
    bed.nowMs += 60_000;
    const late = bed.add("late", { history: "10" });
    await late.happens({ type: "up", map: undefined, players: [] });
    await late.say("bridge", "[surf] Alice: first of all");
    expect(late.counts).toEqual({ shown: 1, echo: 1 });
  });

  test("are asked from nodes that come after the game, and shown once", async () => {
    await surf.say("Alice", "first of all");
    bed.nowMs += 1000;
    const late = bed.add("late", { history: "10" });
    bed.part(late);
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.lines).toEqual([]);
    bed.nowMs += 1000;
    await bhop.say("Bob", "while nobody is there");
    await bed.join(late);
    const missed = ["[surf] Alice: first of all", "[bhop] Bob: while nobody is there"];
    expect(late.lines).toEqual(missed);
    bed.part(late);
    await bed.join(late);
    expect(late.lines).toEqual(missed);
  });

  test("are those of the time in which the nodes did not reach each other, and no old ones", async () => {
    const late = bed.add("late", { history: "10" });
    await late.happens({ type: "up", map: undefined, players: [] });
    await surf.say("Alice", "you see this");
    bed.part(late);
    await surf.say("Alice", "and this a quarter of an hour too late");
    bed.nowMs += 16 * 60_000;
    await surf.say("Alice", "and this a little late");
    await bed.join(late);
    expect(late.lines).toEqual([
      "[surf] Alice: you see this",
      "[surf] Alice: and this a little late",
    ]);
  });

  test("are none to a game that is down when a node comes", async () => {
    await surf.say("Alice", "first of all");
    const late = bed.add("late", { history: "10" });
    bed.part(late);
    late.outcome = "down";
    await bed.join(late);
    expect(late.counts).toEqual({});
    late.outcome = "sent";
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.lines).toEqual(["[surf] Alice: first of all"]);
  });

  test("are not asked for without end from a node that comes again and again", async () => {
    const late = bed.add("late", { history: "10" });
    for (let n = 0; n < 100; n += 1) {
      bed.part(late);
      await bed.join(late);
    }
    expect(surf.asked.length).toBe(COMINGS_MAX);
    bed.nowMs += 60_000;
    await surf.say("Alice", "one more");
    await bed.join(late);
    expect(surf.asked.length).toBe(COMINGS_MAX + 1);
  });

  test("are all shown where a node comes while others are asked", async () => {
    await surf.say("Alice", "first of all");
    const late = bed.add("late", { history: "10" });
    bed.part(bhop);
    await bhop.say("Bob", "said elsewhere");
    const up = late.relay.onGameEvent({ type: "up", map: undefined, players: [] });
    await bed.join(bhop);
    await up;
    expect(late.lines.toSorted()).toEqual([
      "[bhop] Bob: said elsewhere",
      "[surf] Alice: first of all",
    ]);
  });

  test("are asked from as many as it takes, because those that are there longest need not know any", async () => {
    const talker = new RelayBed();
    for (const name of ["one", "two", "three", "four", "five"]) {
      talker.add(name, { channels: "trains" });
    }
    const speaker = talker.add("speaker");
    await speaker.say("Alice", "first of all");
    const late = talker.add("late", { history: "10" });
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.lines).toEqual(["[speaker] Alice: first of all"]);
  });

  test("are asked from each node of several that come at once, however many old lines are known", async () => {
    const kz = bed.add("kz", { history: "2" });
    await kz.happens({ type: "up", map: undefined, players: [] });
    await surf.say("Alice", "an old line");
    await surf.say("Alice", "another old line");
    const names = ["one", "two", "three", "four", "five", "six"];
    const others = names.map((name) => bed.add(name));
    const apart = {
      id: "apart",
      atMs: bed.nowMs,
      server: "six",
      player: "Sue",
      text: "said apart",
    };
    others.at(-1)?.desk.history.add("global", apart);
    const late = kz.relay.lateLines;
    await Promise.all(["surf", ...names].map((name) => late.catchUpWith(name)));
    expect(kz.lines.at(-1)).toBe("[six] Sue: said apart");
    expect(others.map(({ asked }) => asked.length)).toEqual(names.map(() => 1));
  });

  test("are those with an id, lest one that two nodes know is shown twice", async () => {
    await bed.publish("panel", "chat.global", "restart soon");
    const payload = { v: 1, id: "one", type: "chat", payload: { text: "restart now" } };
    await bed.publish("panel", "chat.global", payload);
    const late = bed.add("late", { history: "10" });
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.lines).toEqual(["[panel] restart now"]);
  });

  test("are no matter where none are wanted: who comes is not remembered", async () => {
    const { desk } = bed.add("late");
    const settings = { ...desk.settings, historyLines: 0 };
    const late = new LateLines({ desk: { ...desk, settings }, show: async () => {} });
    await late.catchUpWith("surf");
    settings.historyLines = 10;
    await late.catchUpWith("bhop");
    expect([surf, bhop].map(({ asked }) => asked.length)).toEqual([0, 1]);
  });

  test("are not asked for by default, nor are old ones shown", async () => {
    await surf.say("Alice", "first of all");
    await bhop.happens({ type: "up", map: undefined, players: [] });
    const late = bed.add("late", { history: "10" });
    bed.later();
    bed.nowMs += 300_000;
    await late.happens({ type: "up", map: undefined, players: [] });
    expect(late.lines).toEqual([]);
  });
});
