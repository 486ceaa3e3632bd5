import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { readOverrides } from "../../../../../mesh/plugins/games/text-reading.ts";
import { SettingsReader, type WrittenSettings } from "../../../../../mesh/settings-reader.ts";
import { EconScript } from "../../../../helpers/games/econ-script.ts";

const ENTERED = "[1][server]: player has entered the game. ClientID=0 addr=127.0.0.1:1";

describe("the login", () => {
  test("ends in ready, before anything else is told", () => {
    const script = new EconScript();
    expect(script.session.run("say x")).toBe(false);
    script.greets();
    script.tells("[1][chat]: 1:0:Ann: early");
    expect(script.events).toEqual([]);
    script.answers({ names: { 0: "Ann" }, map: "ctf5" });
    expect(script.events).toEqual([
      { type: "ready", players: [{ id: 0, name: "Ann" }], map: "ctf5" },
      { type: "chat", player: { id: 0, name: "Ann" }, audience: "all", text: "early" },
    ]);
    expect(script.sent).toBe("");
  });

  test("makes a console tell what is said if it does not", () => {
    const script = new EconScript();
    script.greets();
    script.answers({ names: {}, outputLevel: 0 });
    expect(script.sent).toBe("ec_output_level 1\n");
  });

  test("a flood before its end is bounded, and ready still comes first", () => {
    const script = new EconScript();
    script.greets();
    for (let i = 0; i < 5000; i++) script.tells(`[1][chat]: 1:0:Ann: ${i}`);
    expect(script.events).toEqual([]);
    script.answers({ names: { 0: "Ann" } });
    expect(script.events[0]?.type).toBe("ready");
    expect(script.events.length).toBe(257);
    expect(script.events.at(-1)).toMatchObject({ text: "4999" });
  });

  test("a wrong password, a refusal, silence, an end and babble are told apart", () => {
    const outcomes: [string, (script: EconScript) => void][] = [
      ["wrong_password", (script) => script.tells("Enter password:", "Wrong password 1/3.")],
      ["refused", (script) => script.tells("You have been banned for 5 minutes (\x1b[2Jsecret?)")],
      ["timeout", (script) => script.session.onDeadline()],
      ["closed", (script) => script.session.onEnd()],
      ["protocol_error", (script) => script.session.onData(Buffer.alloc(5000, "x"))],
    ];
    for (const [code, happen] of outcomes) {
      const script = new EconScript();
      happen(script);
      expect(script.errors.map((error) => error.code as string)).toEqual([code]);
      expect(script.errors[0]?.message).toStartWith("external console of game.example port 8304: ");
      expect(script.errors[0]?.message).not.toMatch(/\p{Cc}/u);
    }
  });

  test("no error after the password was sent repeats what the server says", () => {
    const script = new EconScript("hunter2");
    script.tells("Enter password:", "hunter2?", "Wrong password 1/3. Not hunter2!");
    expect(script.errors[0]?.message).not.toContain("hunter2");
  });

  test("nothing follows an end", () => {
    const script = new EconScript();
    script.session.onEnd();
    expect(script.sent).toBe("");
    script.tells("Enter password:");
    script.session.onDeadline();
    script.session.onEnd();
    script.session.close();
    expect(script.sent).toBe("");
    expect(script.errors.length).toBe(1);
  });
});

describe("the names of players", () => {
  test("end where the server says they do, whatever they contain", () => {
    const script = EconScript.ready({ names: { 0: "a: b", 1: "a" } });
    script.tells("[1][chat]: 1:0:a: b: x: y", "[1][teamchat]: 2:0:1:a: b: x");
    expect(script.events).toEqual([
      { type: "chat", player: { id: 0, name: "a: b" }, audience: "all", text: "x: y" },
      { type: "chat", player: { id: 1, name: "a" }, audience: "team", text: "b: x" },
    ]);
  });

  test("are asked for when someone enters, and what comes meanwhile keeps its order", () => {
    const script = EconScript.ready({ names: {} });
    script.tells(ENTERED, "[1][chat]: 1:0:a: b: hello", "[1][server]: maps/dm2.map crc is 00");
    expect(script.events).toEqual([]);
    script.answers({ names: { 0: "a: b" } });
    const player = { id: 0, name: "a: b" };
    expect(script.events).toEqual([
      { type: "join", player },
      { type: "chat", player, audience: "all", text: "hello" },
      { type: "map", map: "dm2" },
    ]);
  });

  test("are asked for once, however many enter meanwhile", () => {
    const script = EconScript.ready({ names: {} });
    script.tells(...Array<string>(20).fill(ENTERED));
    expect(script.sent.match(/status/g)?.length).toBe(1);
  });

  test("a place that another takes meanwhile is a leave and a join", () => {
    const script = EconScript.ready({ names: { 0: "Ann" } });
    script.tells("[1][chat]: 1:1:Zoe: who?", "[1][game]: leave player='0:Ann'", ENTERED);
    script.answers({ names: { 0: "Ben", 1: "Zoe" } });
    expect(script.events.map(({ type }) => type)).toEqual(["join", "chat", "leave", "join"]);
    expect(script.events.at(-1)).toEqual({ type: "join", player: { id: 0, name: "Ben" } });
  });

  test("a rename is what the server's list says, not what a line of chat says", () => {
    const script = EconScript.ready({ names: { 0: "a" } });
    script.tells("[1][chat]: *** 'a' changed name to 'admin'", "[1][chat]: 1:0:a: b: hi");
    script.answers({ names: { 0: "a: b" } });
    const player = { id: 0, name: "a: b" };
    expect(script.events.map(({ type }) => type)).toEqual(["chat", "rename"]);
    expect(script.events[1]).toEqual({ type: "rename", player, before: "a" });
    script.tells("[1][chat]: 1:0:a: b: now");
    expect(script.events[2]).toEqual({ type: "chat", player, audience: "all", text: "now" });
    expect(script.sent).toBe("");
  });

  test("a rename that was not told shows in what is said", () => {
    const script = EconScript.ready({ names: { 0: "Ann" } });
    script.tells("[1][chat]: 1:0:Eve: hi");
    script.answers({ names: { 0: "Eve" } });
    const player = { id: 0, name: "Eve" };
    expect(script.events).toEqual([
      { type: "rename", player, before: "Ann" },
      { type: "chat", player, audience: "all", text: "hi" },
    ]);
  });

  test("of one who left before the answer end at the first place they can", () => {
    const script = EconScript.ready({ names: {} });
    script.tells(ENTERED, "[1][chat]: 1:0:Ann: a: b", "[1][game]: leave player='0:Ann'");
    script.answers({ names: {} });
    expect(script.events).toEqual([
      { type: "chat", player: { id: 0, name: "Ann" }, audience: "all", text: "a: b" },
    ]);
  });

  test("a server that never answers is not listened to for ever", () => {
    const script = EconScript.ready({ names: {} });
    for (let i = 0; i < 1000; i++) script.tells(`[1][chat]: 1:0:Ann: ${i}`);
    // What was held is told, so that no more than a bound is.
    expect(script.events.length).toBeGreaterThan(700);
    expect(script.deadlineMs).toBe(15_000);
    script.session.onDeadline();
    expect(script.errors[0]?.code).toBe("timeout");
  });

  test("another client of the console cannot answer for the server", () => {
    const script = EconScript.ready({ names: { 0: "Ann" } });
    script.tells("[1][server]: id=0 addr=127.0.0.1:1 client=705 name='Eve' score=0 ");
    script.tells("[1][Console]: query-end", "[1][Console]: Value: dm9");
    script.tells("[1][chat]: 1:0:Ann: hi");
    expect(script.events.map(({ type }) => type)).toEqual(["chat"]);
  });
});

describe("patterns of the operator's", () => {
  const ANN = { id: 0, name: "Ann" };

  function scripted(written: WrittenSettings): EconScript {
    const settings = new SettingsReader(written);
    const overrides = readOverrides(settings);
    expect(settings.problems).toEqual([]);
    return EconScript.ready({ names: { 0: "Ann" } }, overrides);
  }

  test.each([
    ["Teeworlds", (tag: string) => `[07:11:12][${tag}]: `],
    ["DDNet", (tag: string) => `2026-11-22 07:10:20 I ${tag}: `],
  ])("read the lines of a mod, in the form of %s", (_game, head) => {
    const script = scripted({
      chat: [
        String.raw`^\[[^\]]*\]\[mod\]: (?<id>\d+)\|(?<player>.*)\| (?<text>.*)$`,
        String.raw`^\S+ \S+ I mod: (?<id>\d+)\|(?<player>.*)\| (?<text>.*)$`,
      ],
    });
    const said = `${head("mod")}0|Ann| hi: there`;
    script.tells(said, `${head("other")}0|Ann| hi`);
    const player = { id: "0", name: "Ann" };
    expect(script.events).toEqual([
      { type: "pattern", event: { type: "chat", audience: "all", player, text: "hi: there" } },
    ]);
    expect(script.lines.slice(-2)).toEqual([
      [said, true],
      [`${head("other")}0|Ann| hi`, false],
    ]);
  });

  test("that ignore a line leave it out altogether", () => {
    const script = scripted({ ignore: [String.raw`\[chat\]: 1:0:`, String.raw`leave player='0:`] });
    script.tells("[1][chat]: 1:0:Ann: hi", "[1][game]: leave player='0:Ann'");
    expect([script.events, script.lines]).toEqual([[], []]);
    script.tells("[1][teamchat]: 2:0:0:Ann: ours");
    expect(script.events).toEqual([{ type: "chat", player: ANN, audience: "team", text: "ours" }]);
  });

  test("keep their place among what waits for a name", () => {
    const script = scripted({ map: "^now playing (?<map>.*)$" });
    script.tells(ENTERED.replace("=0", "=1"), "now playing dm9", "[1][chat]: 1:1:Bob: hi");
    expect(script.events).toEqual([]);
    script.answers({ names: { 0: "Ann", 1: "Bob" } });
    expect(script.events.map(({ type }) => type)).toEqual(["join", "pattern", "chat"]);
  });

  test("that fit no line of their kind have it shown as not understood", () => {
    const script = scripted({ chat: "", leave: "" });
    script.tells("[1][chat]: 1:0:Ann: hi", "[1][game]: leave player='0:Ann'");
    script.tells("[1][teamchat]: 2:0:0:Ann: ours");
    expect(script.lines.map(([, isUnderstood]) => isUnderstood)).toEqual([false, false, true]);
  });

  test("never see what is private, or an answer", () => {
    const script = scripted({ chat: String.raw`^(?<player>\S*)(?<text>.*)$` });
    script.tells("[1][whisper]: 3:0:1:Ann: psst", "[1][server]: cid=0 cmd='sv_rcon_password x'");
    script.session.onDeadline();
    script.answers({ names: { 0: "Ann" } });
    expect(script.events).toEqual([]);
    script.tells("[1][mod]: hi");
    expect(script.events.map(({ type }) => type)).toEqual(["pattern"]);
  });
});

describe("a session that is ready", () => {
  test("is checked now and then, which also shows who left unseen", () => {
    const script = EconScript.ready({ names: { 0: "Ann", 1: "Bob" } });
    expect(script.deadlineMs).toBe(30_000);
    script.session.onDeadline();
    expect(script.deadlineMs).toBe(15_000);
    script.answers({ names: { 1: "Bob" } });
    expect(script.events).toEqual([{ type: "leave", player: { id: 0, name: "Ann" } }]);
    expect(script.deadlineMs).toBe(30_000);
    expect(script.errors).toEqual([]);
  });

  test("runs what it is told, and not more than there is room for", () => {
    const script = EconScript.ready({ names: {} });
    expect(script.session.run('say "a"')).toBe(true);
    expect(script.sent).toBe('say "a"\n');
    script.hasRoom = false;
    expect(script.session.run('say "more"')).toBe(false);
  });

  test("does not hear its own words, nor whispers", () => {
    const script = EconScript.ready({ names: { 0: "Ann" } });
    script.tells("[1][chat]: *** Bob: hello", "[1][whisper]: 3:0:1:Ann: psst");
    expect(script.events).toEqual([]);
  });

  test("holds a bounded number of players", () => {
    const script = EconScript.ready({ names: {} });
    for (let i = 0; i < 1000; i++) script.tells(`[1][game]: team_join player='${i}:x' team=0`);
    expect(script.events.length).toBe(256);
  });

  test("survives garbage, and still works", () => {
    const dates = ["[1]", "2026-11-22 12:54:42 I chat: "];
    const tags = ["[chat]: ", "[game]: ", "[server]: ", "[Console]: ", "query-"];
    const marks = ["1:0:", "Ann", ": ", "\0", "\n", "'", "id=0 ", " team=0"];
    const players = ["leave player='0:", "team_join player='0:"];
    const word = fc.constantFrom(...dates, ...tags, ...marks, ...players);
    const garbage = fc.oneof(fc.string({ unit: word }), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(garbage), (chunks) => {
        const script = EconScript.ready({ names: { 0: "Ann" } });
        for (const chunk of chunks) script.session.onData(Buffer.from(chunk));
        expect(script.errors).toEqual([]);
        script.session.onData(Buffer.of(0));
        if (!script.isAsked) script.session.onDeadline();
        script.answers({ names: { 5: "Bob" } });
        script.tells("[1][chat]: 1:5:Bob: alive");
        expect(script.events.at(-1)).toMatchObject({ text: "alive", player: { name: "Bob" } });
      }),
    );
  });
});
