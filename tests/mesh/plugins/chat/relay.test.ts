import { beforeEach, describe, expect, test } from "bun:test";
import { ASKS_MAX, LINES_SAID_MAX } from "../../../../mesh/plugins/chat/limits.ts";
import { receiptTopicOf } from "../../../../mesh/plugins/chat/receipts.ts";
import { messageOf, RelayBed, type RelayServer } from "./relay-bed.ts";

let bed: RelayBed;
let surf: RelayServer;
let bhop: RelayServer;

beforeEach(() => {
  bed = new RelayBed();
  surf = bed.add("surf");
  bhop = bed.add("bhop");
});

describe("a line", () => {
  test("of a player is shown on the other server, with who said it where, and not at home", async () => {
    await surf.say("Alice", "hello there");
    expect(bhop.shown).toEqual([
      {
        text: "[surf] Alice: hello there",
        origin: { server: "surf", player: "Alice", text: "hello there" },
      },
    ]);
    expect(surf.lines).toEqual([]);
    expect(surf.counts).toEqual({ sent: 1, own: 1 });
    expect(bhop.counts).toEqual({ shown: 1 });
  });

  test("is traced at both ends, and at home with what became of it elsewhere", async () => {
    bhop.outcome = "queue_full";
    await surf.say("Alice", "hello there");
    const [sent, elsewhere, ...more] = surf.desk.trace.last(10);
    expect(sent).toMatchObject({
      channel: "global",
      from: { node: "surf", player: "Alice" },
      to: "surf",
      text: "hello there",
      outcome: "sent",
    });
    expect(elsewhere).toMatchObject({ id: sent?.id, to: "bhop", outcome: "queue_full" });
    expect(more).toEqual([]);
    expect(bhop.desk.trace.last(10)).toMatchObject([{ id: sent?.id, outcome: "queue_full" }]);
  });

  test("that was never sent has no receipts, whoever makes them up", async () => {
    for (let n = 0; n < 6; n += 1) await surf.say("Alice", `line number ${n}`);
    const before = surf.desk.trace.last(100);
    await bed.publish("rogue", receiptTopicOf("surf"), { id: "", outcome: "shown" });
    expect(surf.desk.trace.last(100)).toEqual(before);
  });

  test("has its own template where the config has one", async () => {
    const kz = bed.add("kz", { incoming: "({channel}) {player}@{server} says {text}" });
    await surf.say("Alice", "hello {player}");
    expect(kz.shown).toEqual([{ text: "(global) Alice@surf says hello {player}" }]);
  });

  test("on two channels is shown once where both are received", async () => {
    const kz = bed.add("kz", { channels: "global, trade" });
    const hub = bed.add("hub", { channels: "global, trade" });
    await kz.say("Alice", "selling a boat");
    expect(hub.lines).toEqual(["[kz] Alice: selling a boat"]);
    expect(hub.counts).toEqual({ shown: 1, duplicate: 1 });
    expect(surf.lines).toEqual(["[kz] Alice: selling a boat"]);
  });

  test("goes where the server sends, and is shown where one receives", async () => {
    const talker = bed.add("talker", { send: "news", receive: "" });
    const reader = bed.add("reader", { send: "", receive: "news" });
    await talker.say("Alice", "hear hear");
    await reader.say("Bob", "nobody hears me");
    expect(reader.lines).toEqual(["[talker] Alice: hear hear"]);
    expect([talker.lines, surf.lines]).toEqual([[], []]);
    expect(reader.counts).toEqual({ shown: 1, not_sent_here: 1 });
  });

  test("for a team or for administrators stays in the game, unless it has a channel of its own", async () => {
    await surf.say("Alice", "rush b", { audience: "team", team: "Red" });
    await surf.say("Alice", "ban him", { audience: "admin" });
    expect(surf.counts).toEqual({ not_sent_here: 2 });
    const kz = bed.add("kz", {
      team_channels: "teams",
      admin_channels: "staff",
      incoming: "{team}|{player}: {text}",
    });
    const hub = bed.add("hub", { team_channels: "teams", admin_channels: "staff" });
    await kz.say("Alice", "rush b", { audience: "team", team: "Red" });
    await kz.say("Alice", "ban him", { audience: "admin" });
    expect(hub.shown).toMatchObject([
      { text: "[kz] Alice: rush b" },
      { text: "[kz] Alice: ban him", audience: "admin" },
    ]);
    expect(bhop.lines).toEqual([]);
    await hub.say("Bob", "ok", { audience: "team", team: "Blue" });
    expect(kz.lines).toEqual(["Blue|Bob: ok"]);
  });

  test("for administrators on a channel for all is shown to nobody", async () => {
    const kz = bed.add("kz", { admin_channels: "global" });
    await kz.say("Alice", "ban him", { audience: "admin" });
    expect(bhop.lines).toEqual([]);
    expect(bhop.counts).toEqual({ not_received_here: 1 });
  });

  test("with nothing to be seen in it, or of a name without, is told so", async () => {
    await surf.say("Alice", " \u200b\u202e\n ");
    await surf.say("\u0000", "who am I");
    expect(surf.counts).toEqual({ empty: 1, sent: 1, own: 1 });
    expect(bhop.lines).toEqual(["[surf] ?: who am I"]);
  });

  test("is made harmless at both ends, whatever its relay let through", async () => {
    await surf.say("Al\u202eice", "§cred @everyone\nsecond <@1234>");
    expect(bhop.lines).toEqual(["[surf] Alice: red @ everyone second < @1234>"]);
    const payload = {
      v: 1,
      id: "x",
      type: "chat",
      payload: { player: { name: "Mal\u0007lory" }, text: "a\r\nb\u0000" },
    };
    await bed.publish("rogue", "chat.global", payload);
    expect(bhop.lines.at(-1)).toBe("[rogue] Mallory: a b");
  });
});

describe("a line of an application", () => {
  test.each([
    ["a text", "restart in 5 minutes", "[panel] restart in 5 minutes"],
    ["a text in a map", { text: "restart soon" }, "[panel] restart soon"],
    ["with a player", { text: "hi", player: "Zoe" }, "[panel] Zoe: hi"],
  ])("is shown: %s", async (_what, payload, line) => {
    await bed.publish("panel", "chat.global", payload);
    expect(bhop.lines).toEqual([line]);
  });

  test("beside this very node is shown, too", async () => {
    await bed.publish("bhop", "chat.global", { text: "from the panel here" });
    expect(bhop.lines).toEqual(["[bhop] from the panel here"]);
  });

  test.each([
    [null],
    [7],
    [[]],
    [{}],
    [{ text: 7 }],
    [{ text: "x".repeat(100_000) }],
    [{ v: 1, id: 7, type: "chat", payload: {} }],
    [{ v: 1, id: "a", type: "kill", payload: {} }],
  ])("that is none is counted, and the next is shown: %j", async (payload) => {
    await bed.publish("panel", "chat.global", payload);
    await bed.publish("panel", "chat.global", "a good one");
    expect(bhop.counts).toEqual({ bad_message: 1, shown: 1 });
  });

  test("whose bytes cannot be read is counted", async () => {
    const message = {
      ...messageOf("panel", "chat.global", ""),
      get payload(): unknown {
        throw new Error("no MessagePack");
      },
    };
    await bhop.receive(message);
    expect(bhop.counts).toEqual({ bad_message: 1 });
  });

  test("cannot pass itself off as another server", async () => {
    const forged = {
      v: 1,
      id: "a",
      node: "surf",
      type: "chat",
      payload: { player: { name: "Alice" }, text: "give me your password" },
    };
    await bed.publish("panel", "chat.global", forged);
    expect(bhop.lines).toEqual(["[panel] Alice: give me your password"]);
  });
});

describe("what is kept back", () => {
  test("a message that comes twice is shown once", async () => {
    const payload = { v: 1, id: "one", type: "chat", payload: { player: "Zoe", text: "hello" } };
    await bed.publish("kz", "chat.global", payload);
    await bed.publish("kz", "chat.global", payload);
    expect(bhop.lines).toEqual(["[kz] Zoe: hello"]);
    expect(bhop.counts).toEqual({ shown: 1, duplicate: 1 });
  });

  test("what a bot repeats of another server does not go back", async () => {
    await surf.say("Alice", "anyone for a race");
    await bhop.say("bridge", "[surf] Alice: anyone for a race");
    await bhop.say("bridge", "<Alice> anyone for a race");
    expect(surf.lines).toEqual([]);
    expect(bhop.counts).toMatchObject({ echo: 2 });
  });

  test("filters drop and mask, what is said here and what comes", async () => {
    const kz = bed.add("kz", { drop: ["buy gold"], mask: ["(?:darn|heck)"] });
    await kz.say("Spam", "BUY GOLD now");
    await kz.say("Alice", "what the Heck is this");
    await surf.say("Spam", "buy gold here");
    await surf.say("Bob", "darn it all");
    expect(surf.lines).toEqual(["[kz] Alice: what the *** is this"]);
    expect(kz.lines).toEqual(["[surf] Bob: *** it all"]);
    expect(kz.counts).toMatchObject({ filtered: 2 });
  });

  test("filters look at names, too, what is said here and what comes", async () => {
    const settings = { drop: ["discord\\.gg/"], mask: ["darn"], announce: "join" };
    const kz = bed.add("kz", {
      ...settings,
      team_channels: "teams",
      incoming: "{team}|{player}: {text}",
    });
    const teams = bed.add("teams", { team_channels: "teams", incoming: "{team}|{player}: {text}" });
    await kz.say("discord.gg/abc", "hello");
    await surf.say("discord.gg/abc", "good day");
    await kz.happens({ type: "join", player: { name: "discord.gg/abc" } });
    expect([surf.lines, kz.lines]).toEqual([[], []]);
    expect(kz.counts).toEqual({ filtered: 3 });
    await kz.happens({ type: "join", player: { name: "darnBob" } });
    await kz.say("darnBob", "hi");
    expect(surf.lines).toEqual(["[kz] ***Bob joined", "[kz] ***Bob: hi"]);
    await surf.say("Darn Al", "hello there");
    expect(kz.lines).toEqual(["|*** Al: hello there"]);
    await teams.say("Zoe", "go", { audience: "team", team: "darn Reds" });
    expect(kz.lines.at(-1)).toBe("*** Reds|Zoe: go");
    await kz.say("Zoe", "here", { audience: "team", team: "darn Reds" });
    expect(teams.lines.at(-1)).toBe("*** Reds|Zoe: here");
    // As bots see the name.
    await kz.say("bridge", "<***Bob> hi");
    await kz.say("bridge", "<*** Al> hello there");
    expect(kz.counts).toMatchObject({ echo: 2 });
  });

  test("what a bot repeats in its masked form does not go back either", async () => {
    const kz = bed.add("kz", { mask: ["darn"], outgoing: "{text} ({channel})" });
    await kz.say("Alice", "darn weather today");
    expect(surf.lines).toEqual(["[kz] Alice: *** weather today (global)"]);
    await kz.say("bridge", "<Alice> *** weather today (global)");
    expect(surf.lines.length).toBe(1);
    await surf.say("bridge", "[kz] Alice: *** weather today (global)");
    expect(kz.lines).toEqual([]);
  });

  test("what a muted player says, repeated by a bot", async () => {
    surf.mutes.mute({ who: "Spam" }, "x");
    await bed.settled();
    await surf.say("Spam", "one two three");
    await surf.say("bridge", "<Spam> one two three");
    await bed.publish("kz", "chat.global", { player: "Spam", text: "four five six" });
    await bhop.say("bridge", "<Spam> four five six");
    expect([surf.lines, bhop.lines]).toEqual([[], []]);
  });

  test("nobody is kept from saying the same thing twice", async () => {
    await surf.say("Alice", "gg");
    bed.nowMs += 5000;
    await surf.say("Alice", "gg");
    expect(bhop.lines).toEqual(["[surf] Alice: gg", "[surf] Alice: gg"]);
  });

  test("players of ignore_players, in whatever case", async () => {
    const kz = bed.add("kz", { ignore_players: "Bridge, Bot" });
    await kz.say("bridge", "anything at all");
    expect(surf.lines).toEqual([]);
    expect(kz.counts).toEqual({ ignored_player: 1 });
  });

  test("a player who says too much, who is told so once", async () => {
    for (let n = 0; n < 8; n += 1) await surf.say("Alice", `line number ${n} of many`);
    expect(bhop.lines.length).toBe(5);
    expect(surf.counts).toMatchObject({ sent: 5, player_rate: 3 });
    expect(surf.told).toEqual([
      {
        to: "Alice",
        text: "your lines come too fast, and are not seen on the other servers; wait 10 s",
      },
    ]);
    bed.nowMs += 10_000;
    await surf.say("Alice", "and now something else");
    expect(bhop.lines.length).toBe(6);
  });

  test("a player who says too much is told in front of all where the game has no other way", async () => {
    surf.tellOutcome = "unsupported";
    for (let n = 0; n < 7; n += 1) await surf.say("Alice", `line number ${n} of many`);
    expect(surf.lines).toEqual([
      "Alice: your lines come too fast, and are not seen on the other servers; wait 10 s",
    ]);
  });

  test.each([
    ["is logged", false, ["a player could not be told something"]],
    ["after the unload is no failure", true, []],
  ])(
    "a player who says too much: that the game fails to tell so %s",
    async (_what, unloaded, logged) => {
      const answer = Promise.withResolvers<void>();
      surf.tellOutcome = "unsupported";
      surf.consoleAnswers = answer.promise;
      for (let n = 0; n < 6; n += 1) await surf.say("Alice", `line number ${n} of many`);
      if (unloaded) surf.unloading.abort(new Error("unloaded"));
      answer.reject(new Error("no console"));
      await bed.settled();
      expect(surf.log.messages("error")).toEqual(logged);
    },
  );

  test.each([
    ["is logged", false, ["a player could not be told something"]],
    ["after the unload is no failure", true, []],
  ])("a command whose answer the game fails to show %s", async (_what, unloaded, logged) => {
    const answer = Promise.withResolvers<void>();
    const kz = bed.add("kz", { players_command: "on" });
    kz.tellOutcome = "unsupported";
    kz.consoleAnswers = answer.promise;
    await kz.say("Alice", "!players");
    if (unloaded) kz.unloading.abort(new Error("unloaded"));
    answer.reject(new Error("no console"));
    await bed.settled();
    expect(kz.log.messages("error")).toEqual(logged);
  });

  test("a server that says too much, whoever says it", async () => {
    for (let n = 0; n < 120; n += 1) {
      await bed.publish("rogue", "chat.global", { player: `p${n}`, text: `number ${n}` });
    }
    expect(bhop.lines.length).toBe(80);
    expect(bhop.counts).toEqual({ shown: 80, server_rate: 40 });
    await surf.say("Alice", "I am heard all the same");
    expect(bhop.lines.length).toBe(81);
  });

  test("a server that floods, before its lines are looked at for echoes", async () => {
    for (let n = 0; n < 100; n += 1) {
      await bed.publish("rogue", "chat.global", {
        player: `p${n}`,
        text: `number ${n} of a flood`,
      });
    }
    // So that a line which was refused is none that others can repeat.
    await surf.say("Alice", "number 90 of a flood");
    expect(bhop.lines.at(-1)).toBe("[surf] Alice: number 90 of a flood");
  });

  test("a server that floods without end, of whose messages so many are read", async () => {
    for (let n = 0; n < 2000; n += 1) {
      await bed.publish("rogue", "chat.global", { player: `p${n}`, text: `number ${n}` });
    }
    expect(bhop.counts).toEqual({ shown: 80, server_rate: 1920 });
    // The rest is counted, and does not push out what the trace has of others.
    const traced = bhop.desk.trace.last(500).at(-1)?.text;
    expect(traced).toBe("number 1279");
    await surf.say("Alice", "I am heard all the same");
    expect(bhop.lines.length).toBe(81);
  });

  test("what a bot floods its game with is looked at for echoes so often, and no more", async () => {
    await surf.say("Alice", "the line that all repeat");
    for (let n = 0; n < 100; n += 1) {
      await bhop.say("bridge", `${n} Alice: the line that all repeat`);
    }
    expect(bhop.counts).toEqual({ shown: 1, echo: 20, player_rate: 80 });
    // It has not used up what people may say.
    await bhop.say("Bob", "I am heard all the same");
    expect(surf.lines).toEqual(["[bhop] Bob: I am heard all the same"]);
  });

  test("lines do not wait for the console's answer to those before", async () => {
    const answer = Promise.withResolvers<void>();
    bhop.consoleAnswers = answer.promise;
    for (let n = 0; n < 3; n += 1) await surf.say("Alice", `line number ${n}`);
    // No promise for which whoever has the next line would wait.
    const line = messageOf("surf", "chat.global", "and one more");
    expect(bhop.relay.onMessage("global", line)).toBeUndefined();
    expect(bhop.lines.length).toBe(4);
    expect(bhop.counts).toEqual({});
    answer.resolve();
    await bed.settled();
    expect(bhop.counts).toEqual({ shown: 4 });
  });

  test("lines for a console that never answers are not kept without end", async () => {
    const kz = bed.add("kz", { player_lines: "1000", server_lines: "10000" });
    kz.consoleAnswers = new Promise(() => {});
    for (let n = 0; n < LINES_SAID_MAX + 10; n += 1) {
      await bed.publish("panel", "chat.global", `line ${n}`);
    }
    expect(kz.counts).toEqual({ queue_full: 10 });
  });

  test("a game that is down, and shown again once it is up", async () => {
    bhop.outcome = "down";
    await surf.say("Alice", "is anybody there");
    expect(bhop.counts).toEqual({ game_down: 1 });
    bhop.outcome = "sent";
    await surf.say("Alice", "now there is");
    expect(bhop.lines).toEqual(["[surf] Alice: now there is"]);
  });
});

describe("mutes", () => {
  test("of a player count on all servers, until they are lifted", async () => {
    surf.mutes.mute({ who: "Spam", reason: "spam" }, "surf (admin)");
    await bed.settled();
    await surf.say("spam", "one two three");
    await bhop.say("Spam", "four five six");
    expect([surf.lines, bhop.lines]).toEqual([[], []]);
    expect([surf.counts["muted"], bhop.counts["muted"]]).toEqual([1, 1]);
    expect(bhop.mutes.list()).toEqual([
      { who: "Spam", until: null, by: "surf (admin)", reason: "spam" },
    ]);
    bed.later();
    bhop.mutes.unmute({ who: "spam" }, "bhop (admin)");
    await bed.settled();
    await surf.say("Spam", "thank you all");
    expect(bhop.lines).toEqual(["[surf] Spam: thank you all"]);
  });

  test("end by themselves", async () => {
    surf.mutes.mute({ who: "@bhop", seconds: 60 }, "surf (admin)");
    await bed.settled();
    await bhop.say("Bob", "can you hear me");
    expect(surf.lines).toEqual([]);
    bed.nowMs += 60_001;
    await bhop.say("Bob", "and can you now");
    expect(surf.lines).toEqual(["[bhop] Bob: and can you now"]);
  });

  test("reach a server that was away", async () => {
    surf.mutes.mute({ who: "Spam@bhop" }, "surf (admin)");
    await bed.settled();
    const late = bed.add("late");
    await late.mutes.askPeer("surf");
    expect(late.mutes.list()).toMatchObject([{ who: "Spam@bhop" }]);
  });

  test.each([
    [null],
    [{}],
    [{ who: "" }],
    [{ who: "Bob", seconds: 0 }],
    [{ who: "Bob", seconds: "10" }],
    [{ who: "Bob", minutes: 1 }],
  ])("that are not understood say how they are written: %j", (asked) => {
    expect(() => surf.mutes.mute(asked, "x")).toThrow('send {"who": "Bob"');
  });

  test("without end do not fill the log", async () => {
    const many = Array.from({ length: 3000 }, (_, at) => ({
      player: `p${at}`,
      server: null,
      state: "muted",
      untilMs: null,
      version: 1_800_000_000_000 + at,
      by: "x",
      reason: "",
    }));
    for (let at = 0; at < many.length; at += 500) {
      await bed.publish("rogue", "relay.mutes", many.slice(at, at + 500));
    }
    expect(bhop.log.messages("info").length).toBe(1000);
    bed.later();
    bhop.mutes.mute({ who: "Bob" }, "admin");
    expect(bhop.log.lines).toContainEqual({
      level: "info",
      message: "muted",
      fields: { who: "Bob", by: "admin" },
    });
  });

  test("that are not there cannot be lifted", () => {
    expect(() => surf.mutes.unmute({ who: "Bob" }, "x")).toThrow("Bob is not muted");
  });
});

test.each([
  ["chat.history", { channel: "global", count: 100 }],
  ["chat.mutes", null],
])("%s answers nobody without end, and others all the same", async (service, asked) => {
  const ask = async (from: string): Promise<string> => {
    try {
      await surf.answer(service, from, asked);
      return "answered";
    } catch (error) {
      return String(error);
    }
  };
  const answers: string[] = [];
  for (let n = 0; n < 100; n += 1) answers.push(await ask("rogue"));
  expect(answers.filter((answer) => answer === "answered").length).toBe(ASKS_MAX);
  expect(answers.at(-1)).toContain("rogue asks for the");
  expect(await ask("bhop")).toBe("answered");
  bed.nowMs += 10_000;
  expect(await ask("rogue")).toBe("answered");
});

test("an unload in the midst of it is no failure", async () => {
  const late = bed.add("late", { history: "10" });
  late.unloading.abort(new Error("unloaded"));
  await late.relay.lateLines.catchUp();
  await late.mutes.askPeer("surf");
  expect(late.lines).toEqual([]);
});

describe("what happens on a server", () => {
  test("is announced where the config says so", async () => {
    const kz = bed.add("kz", { announce: "join, leave, map, up, down" });
    const player = { name: "Alice" };
    await kz.happens({ type: "join", player });
    await kz.happens({ type: "map", map: "kz_longjumps" });
    await kz.happens({ type: "rename", player, before: "Al" });
    await kz.happens({ type: "leave", player });
    await kz.happens({ type: "down", reason: "it crashed" });
    expect(surf.lines).toEqual([
      "[kz] Alice joined",
      "[kz] the map is kz_longjumps",
      "[kz] Alice left",
      "[kz] the game is down",
    ]);
    await surf.happens({ type: "join", player });
    expect(kz.lines).toEqual([]);
  });

  test("is announced to the last, however often it changes", async () => {
    const kz = bed.add("kz", { announce: "up, down" });
    const up = { type: "up", map: undefined, players: [] } as const;
    const down = { type: "down", reason: "it crashed" } as const;
    for (const event of [down, up, down, up, down]) await kz.happens(event);
    expect(surf.lines.map((line) => line.replace("[kz] the game is ", ""))).toEqual([
      "down",
      "up",
      "down",
      "up",
      "down",
    ]);
    // A bot that repeats it is known all the same.
    await surf.say("bridge", "[kz] the game is down");
    expect(surf.counts).toMatchObject({ echo: 1 });
  });

  test("is not announced without end", async () => {
    const kz = bed.add("kz", { announce: "join, down" });
    for (let n = 0; n < 100; n += 1) {
      await kz.happens({ type: "join", player: { name: `player ${n}` } });
    }
    expect(surf.lines.length).toBe(5);
    await kz.happens({ type: "down", reason: "it crashed" });
    expect(surf.lines.at(-1)).toBe("[kz] the game is down");
  });
});
