import { beforeEach, describe, expect, test } from "bun:test";
import { MeshError, type MeshErrorCode } from "../../../../mesh/index.ts";
import { REPEAT_MS } from "../../../../mesh/plugins/chat/limits.ts";
import { RelayBed, type RelayServer } from "./relay-bed.ts";

let bed: RelayBed;
let surf: RelayServer;
let bhop: RelayServer;

beforeEach(() => {
  bed = new RelayBed();
  surf = bed.add("surf");
  bhop = bed.add("bhop");
});

describe("commands of players", () => {
  const ON = { private_messages: "on", players_command: "on" };

  test("are lines like others where they are off", async () => {
    await surf.say("Alice", "!players");
    expect(bhop.lines).toEqual(["[surf] Alice: !players"]);
  });

  test("a private line reaches that player alone", async () => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }, { name: "Zoe" }];
    await one.say("Alice", "!msg bob are you there");
    expect(other.told).toEqual([{ to: "Bob", text: "[one] Alice to you: are you there" }]);
    expect(one.told).toEqual([{ to: "Alice", text: "to Bob@other: sent" }]);
    expect([surf.lines, bhop.lines, other.lines]).toEqual([[], [], []]);
    expect(one.counts).toEqual({ sent: 1 });
    expect(other.counts).toEqual({ shown: 1 });
  });

  test("a private line is traced at both ends, without what it says", async () => {
    const one = bed.add("one", { ...ON, command_prefix: "/" });
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    await one.say("Alice", "/msg bob a secret");
    other.tellOutcome = "queue_full";
    await one.say("Alice", "/msg bob another secret");
    await one.say("Alice", "/msg nobody a secret");
    await one.say("Alice", '/msg "Bob a secret');
    const [sent, shown, again, full, nobody, usage, ...more] = one.desk.trace.last(10);
    const from = { node: "one", player: "Alice" };
    expect(sent).toMatchObject({ channel: "", from, to: "one", outcome: "sent" });
    expect(sent?.text).toBe("/msg Bob@other");
    expect(shown).toMatchObject({ id: sent?.id, to: "other", outcome: "shown" });
    expect([again, full]).toMatchObject([{ outcome: "sent" }, { outcome: "queue_full" }]);
    expect(nobody).toMatchObject({ text: "/msg nobody", outcome: "command" });
    expect(usage).toMatchObject({ text: "/msg", outcome: "command" });
    expect(more).toEqual([]);
    expect(one.counts).toEqual({ sent: 2, command: 2 });
    expect(other.desk.trace.last(10)).toMatchObject([
      { id: sent?.id, channel: "", from, to: "other", text: "!msg Bob", outcome: "shown" },
      { id: again?.id, outcome: "queue_full" },
    ]);
    expect(other.counts).toEqual({ shown: 1, queue_full: 1 });
    expect(JSON.stringify([one, other].map(({ desk }) => desk.trace.last(10)))).not.toContain(
      "secret",
    );
  });

  test.each<[Partial<RelayServer>, string, string]>([
    [{ tellOutcome: "failed" }, "failed", "not shown: the game of other has not taken it"],
    [{ tellOutcome: "empty" }, "empty", "not shown: nothing of it can be shown"],
    [{ tellOutcome: "down" }, "game_down", "not shown: the game of other is down"],
    [
      { tellOutcome: "queue_full" },
      "queue_full",
      "not shown: the game of other has too much to show; try again",
    ],
    [{ leaves: true }, "player_left", "not shown: Bob does not play on other any more"],
  ])("a private line that is not shown is told as a sentence: %j", async (how, outcome, text) => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    Object.assign(other, how);
    await one.say("Alice", "!msg Bob hi");
    expect(one.told).toEqual([{ to: "Alice", text }]);
    expect(other.counts).toEqual({ [outcome]: 1 });
  });

  test.each<[MeshErrorCode, string]>([
    ["request_timeout", "not shown: other did not answer"],
    ["unknown_service", "not shown: other takes no private lines"],
    ["too_many_requests", "not shown: there is too much on the way to other; try again"],
    ["remote_failure", "not shown: other could not show it"],
    ["node_lost", "not shown: other cannot be reached"],
  ])("a private line that gets no answer is told as a sentence: %s", async (code, text) => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    other.answersWith = new MeshError(code, "in words for operators");
    await one.say("Alice", "!msg Bob hi");
    expect(one.told).toEqual([{ to: "Alice", text }]);
    expect(one.counts).toEqual({ sent: 1, failed: 1 });
    expect(one.desk.trace.last(1)).toMatchObject([{ to: "other", outcome: "failed" }]);
  });

  test("a private line that is none is refused, and a flood of them costs little", async () => {
    const other = bed.add("other", ON);
    expect(other.answer("chat.tell", "rogue", { to: 7 })).rejects.toThrow("ask with {id: ID");
    for (let n = 0; n < 2000; n += 1) {
      await other.answer("chat.tell", "rogue", { id: "", to: "Bob", player: "M", text: `${n}` });
    }
    expect(other.counts).toMatchObject({ bad_message: 1, player_left: 10 });
    expect(Object.values(other.counts).reduce((sum, count) => sum + count)).toBe(2001);
    expect(await other.answer("chat.tell", "rogue", { to: 7 })).toBe("server_rate");
  });

  test.each([
    ["!msg nobody hi", "nobody called nobody plays anywhere"],
    ["!msg Bob", '!msg name text, !msg name@server text or !msg "a name" text'],
    ["!msg Zoe hi", "several are meant: Zoe@other, Zoe@third"],
    ["!msg Kim hi", "not shown: bhop takes no private lines"],
  ])("a private line that cannot be shown says why: %s", async (line, why) => {
    const one = bed.add("one", ON);
    bed.add("other", ON).players = [{ name: "Zoe" }];
    bed.add("third", ON).players = [{ name: "Zoe" }];
    bhop.players = [{ name: "Kim" }];
    await one.say("Alice", line);
    expect(one.told.map(({ text }) => text)).toEqual([why]);
  });

  test("a private line to a game that has none says so", async () => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    other.tellOutcome = "unsupported";
    await one.say("Alice", "!msg Bob hi");
    expect(one.told.map(({ text }) => text)).toEqual([
      "not shown: the game of other has no private lines",
    ]);
  });

  test("the muted and the hasty have no private lines either", async () => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    for (let n = 0; n < 6; n += 1) await one.say("Alice", `!msg Bob number ${n}`);
    expect(other.told.length).toBe(5);
    expect(one.told.at(-1)?.text).toBe("your lines come too fast; wait a little");
    one.mutes.mute({ who: "Mallory" }, "x");
    await one.say("Mallory", "!msg Bob hi");
    expect(one.told.at(-1)?.text).toBe("not shown: you are muted on one");
    // Nor where only the receiving server knows of it, or the sending one does not care.
    const asked = { id: "", to: "Bob", player: "Mallory", text: "hi" };
    await bed.settled();
    expect(await other.answer("chat.tell", "rogue", asked)).toBe("muted");
  });

  test("what the muted are told is in words that others do not lose theirs by", async () => {
    const one = bed.add("one", ON);
    bed.add("other", ON).players = [{ name: "Bob" }];
    one.mutes.mute({ who: "Mallory" }, "x");
    await one.say("Mallory", "!msg Bob hi");
    await one.say("Carl", "haha, you are muted");
    expect(surf.lines).toEqual(["[one] Carl: haha, you are muted"]);
  });

  test("of players of ignore_players are none", async () => {
    const one = bed.add("one", { ...ON, ignore_players: "bridge" });
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    await one.say("Bridge", "!msg Bob spam");
    await one.say("Bridge", "!players");
    expect([one.told, other.told, surf.lines]).toEqual([[], [], []]);
    expect(one.counts).toEqual({ ignored_player: 2 });
  });

  test("filters hold for private lines, those of the sender's server and those of the other", async () => {
    const one = bed.add("one", { ...ON, drop: ["buy gold"], mask: ["darn"] });
    const other = bed.add("other", { ...ON, drop: ["free coins"], mask: ["heck"] });
    other.players = [{ name: "Bob" }];
    await one.say("Alice", "!msg Bob buy gold here");
    await one.say("Alice", "!msg Bob free coins here");
    await one.say("Alice", "!msg Bob darn what the heck");
    expect(other.told).toEqual([{ to: "Bob", text: "[one] Alice to you: *** what the ***" }]);
    expect(one.told.map(({ text }) => text)).toEqual([
      "not shown: a filter of one keeps it back",
      "not shown: a filter of other keeps it back",
      "to Bob@other: sent",
    ]);
    expect(one.counts).toEqual({ filtered: 1, sent: 2 });
    expect(other.counts).toEqual({ filtered: 1, shown: 1 });
    await one.say("darn Al of Heck", "!msg Bob hello");
    expect(other.told.at(-1)?.text).toBe("[one] *** Al of *** to you: hello");
    await one.say("buy gold", "!msg Bob hello again");
    await one.say("free coins", "!msg Bob hello again and again");
    expect([one.counts["filtered"], other.counts["filtered"]]).toEqual([2, 2]);
    one.players = [{ name: "buy gold" }, { name: "darn Al" }];
    await one.say("Zoe", "!players");
    expect(one.told.at(-1)?.text).toContain("one (2): ***, *** Al; ");
  });

  test.each(["x", "é", "🎮"])(
    "a private line reaches a player of a long name of %s",
    async (letter) => {
      const one = bed.add("one", ON);
      const other = bed.add("other", ON);
      const name = `Bob ${letter.repeat(100)}`;
      other.players = [{ name: "Bob" }, { name }];
      await one.say("Alice", `!msg "${name}" hi`);
      await one.say("Alice", `!msg "${name.slice(0, 8)}" hello`);
      expect(other.told.map(({ to }) => to)).toEqual([name, name]);
    },
  );

  test("a private line that a bot repeats reaches nobody twice, in the same game or another", async () => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    const third = bed.add("third", ON);
    other.players = [{ name: "Bob" }];
    await one.say("Alice", "!msg Bob hi");
    await one.say("bridge", "!msg Bob hi");
    await third.say("bridge", "!msg Bob hi");
    await other.say("bridge", "!msg Bob hi");
    expect(other.told.filter(({ to }) => to === "Bob").length).toBe(1);
    expect(one.counts).toEqual({ sent: 1, echo: 1 });
    expect(one.told.at(-1)).toEqual({
      to: "bridge",
      text: "not shown: somebody else has written the same a moment ago",
    });
    expect(third.counts).toEqual({ sent: 1 });
    expect(other.counts).toEqual({ shown: 1, sent: 1, echo: 2 });
  });

  test("two may write the same short private line, as soon as it is no bot's any more", async () => {
    const one = bed.add("one", ON);
    const third = bed.add("third", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Christopher the Great" }];
    const line = '!msg "Christopher the Great" thanks';
    await one.say("Alice", line);
    await one.say("Carol", line);
    expect(one.told.at(-1)?.text).toContain("somebody else has written the same a moment ago");
    bed.nowMs += REPEAT_MS;
    await one.say("Carol", line);
    bed.nowMs += REPEAT_MS;
    await third.say("Dave", line);
    bed.nowMs += REPEAT_MS;
    await one.say("Eve", line);
    const shown = other.told.map(({ text }) => text.slice(0, 11));
    expect(shown).toEqual(["[one] Alice", "[one] Carol", "[third] Dav", "[one] Eve t"]);
  });

  test("a long private line that somebody else has written to the same player is a bot's for the age", async () => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    await one.say("Alice", "!msg Bob does anyone want to play?");
    bed.nowMs += 29_000;
    await one.say("bridge", "!msg Bob does anyone want to play?");
    expect(other.told.length).toBe(1);
  });

  test.each<Partial<RelayServer>>([
    { tellOutcome: "queue_full" },
    { tellOutcome: "down" },
    { answersWith: new MeshError("remote_busy", "in words for operators") },
    { players: [] },
  ])("a private line that is not shown may be tried again until it is: %j", async (trouble) => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    const well = {
      tellOutcome: "sent",
      answersWith: undefined,
      players: [{ name: "Bob" }],
    } as const;
    Object.assign(other, well, trouble);
    for (let tries = 0; tries < 3; tries += 1) {
      bed.nowMs += 1000;
      await one.say("Alice", "!msg Bob hi");
    }
    expect(new Set(one.told.map(({ text }) => text)).size).toBe(1);
    Object.assign(other, well);
    bed.nowMs += 1000;
    await one.say("Alice", "!msg Bob hi");
    expect(one.told.at(-1)?.text).toBe("to Bob@other: sent");
    // It was shown once, and may be so once more.
    for (let tries = 0; tries < 5; tries += 1) {
      bed.nowMs += 4000;
      await one.say("Alice", "!msg Bob hi");
    }
    expect(other.told.length).toBe(2);
  });

  test("a private line for which its player was too hasty may be written again, and no bot does", async () => {
    const one = bed.add("one", { ...ON, player_lines: "1" });
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    await one.say("Alice", "hello all");
    await one.say("Alice", "!msg Bob hi");
    expect(one.told.at(-1)?.text).toContain("too fast");
    await one.say("bridge", "!msg Bob hi");
    expect(other.told).toEqual([]);
    bed.nowMs += 10_000;
    await one.say("Alice", "!msg Bob hi");
    expect(other.told.map(({ text }) => text)).toEqual(["[one] Alice to you: hi"]);
  });

  test("a private line that is refused as repeated is so for the age, and not for ever", async () => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    for (let tries = 0; tries < 12; tries += 1) {
      await one.say("Alice", "!msg Bob hi");
      bed.nowMs += 5000;
    }
    // At 0 and 5 s, then at 35 and 40.
    expect(other.told.length).toBe(4);
    // The last try is no news, and what a bot makes of it is an echo all the same.
    await one.say("bridge", "<Alice> !msg Bob hi");
    expect(surf.lines).toEqual([]);
  });

  test("what is typed to the relay goes nowhere else, whoever repeats it with a name", async () => {
    const one = bed.add("one", ON);
    bed.add("other", ON).players = [{ name: "Bob" }];
    await one.say("Alice", "!msg Bob a secret");
    await one.say("bridge", "<Alice> !msg Bob a secret");
    await one.say("Al", "!players");
    await one.say("bridge", "Al: !players");
    expect(surf.lines).toEqual([]);
    expect(one.counts).toEqual({ sent: 1, command: 1, echo: 2 });
  });

  test("what the relay answers for all to see goes nowhere else, whatever repeats it", async () => {
    const one = bed.add("one", ON);
    one.players = [{ name: "Al" }];
    one.tellOutcome = "unsupported";
    await one.say("Al", "!players");
    await one.say("Al", "!msg");
    const [players = "", usage = ""] = one.lines;
    expect(players).toBe("Al: bhop (0); one (1): Al; surf (0)");
    for (const line of [players, `[bot] ${players}`, players.slice(0, 33), usage]) {
      await one.say("bridge", line);
    }
    expect([surf.lines, bhop.lines]).toEqual([[], []]);
    expect(one.counts).toEqual({ command: 2, echo: 4 });
    await one.say("Zoe", "I saw that surf is empty, Al");
    expect(surf.lines.length).toBe(1);
  });

  test("nor does what it answers to one, where that is a bot", async () => {
    const one = bed.add("one", ON);
    await one.say("bridge", "!msg Bob hi");
    await one.say("bridge", one.told[0]?.text ?? "");
    expect(one.counts).toEqual({ command: 1, echo: 1 });
  });

  test("people may ask and write the same again, and write what they have said", async () => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    const long = "does anyone want to play a round of surf with me?";
    await one.say("Alice", "!players");
    await one.say("Zoe", "!players");
    await one.say("Alice", long);
    await one.say("Alice", `!msg Bob ${long}`);
    bed.nowMs += 5000;
    await one.say("Alice", `!msg Bob ${long}`);
    expect(one.counts).toEqual({ command: 2, sent: 3, own: 1 });
    expect(other.told.length).toBe(2);
  });

  test.each(["thanks", "does anyone want to play a round of surf with me?"])(
    "what somebody has written to one player or to several may be said for all: %s",
    async (text) => {
      const one = bed.add("one", ON);
      const other = bed.add("other", ON);
      other.players = [{ name: "Bob" }, { name: "Zoe" }];
      await one.say("Alice", `!msg Bob ${text}`);
      await one.say("Alice", `!msg Zoe ${text}`);
      await one.say("Alice", text);
      expect(other.lines).toEqual([`[one] Alice: ${text}`]);
    },
  );

  test("what one player reads in private is known when a bot repeats it for all", async () => {
    const one = bed.add("one", ON);
    const other = bed.add("other", ON);
    other.players = [{ name: "Bob" }];
    await one.say("Alice", "!msg Bob thanks");
    await other.say("bridge", "[one] Alice to you: thanks");
    expect(one.lines).toEqual([]);
  });

  test("are answered as often as the rates say, and then once that they come too fast", async () => {
    const one = bed.add("one", ON);
    for (let n = 0; n < 100; n += 1) await one.say("Alice", n % 2 === 0 ? "!players" : "!msg");
    expect(one.counts).toEqual({ command: 5, player_rate: 95 });
    expect(one.told.length).toBe(6);
    expect(one.told.at(-1)?.text).toBe("your lines come too fast; wait a little");
    bed.nowMs += 10_000;
    await one.say("Alice", "!players");
    expect(one.told.length).toBe(7);
  });

  test("a long list of players ends at a whole character", async () => {
    const one = bed.add("one", ON);
    const games = Array.from({ length: 300 }, () => ({ name: "🎮" }));
    for (const name of ["a", "ab", "abc", "abcd"]) {
      surf.players = [{ name }, ...games];
      await one.say("Alice", "!players");
      expect(one.told.at(-1)?.text).toMatch(/^[^\ufffd]+…$/);
    }
  });

  test("who plays where is told to who asks", async () => {
    const one = bed.add("one", ON);
    one.players = [{ name: "Alice" }];
    surf.players = [{ name: "Bob" }, { name: "Kim" }];
    await one.say("Alice", "!players");
    expect(one.told).toEqual([
      { to: "Alice", text: "bhop (0); one (1): Alice; surf (2): Bob, Kim" },
    ]);
  });
});
