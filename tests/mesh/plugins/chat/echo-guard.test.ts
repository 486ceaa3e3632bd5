import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { EchoGuard, type EchoVerdict } from "../../../../mesh/plugins/chat/echo-guard.ts";
import { safeText } from "../../../../mesh/plugins/chat/safe-chat.ts";
import { hostileLine } from "../games/arbitraries.ts";

const AGE_MS = 30_000;
const LONG = "anyone up for a round of surf?";

interface Spoken {
  readonly by: string;
  readonly text: string;
  readonly atMs: number;
}

/** `name` or `name@server`; without one, all are on the same. */
function said({ by, text }: Spoken): { server: string; player: string; text: string } {
  const [player = "", server = "surf"] = by.split("@");
  return { server, player, text };
}

function verdicts(lines: readonly Spoken[]): EchoVerdict[] {
  const guard = new EchoGuard({ ageMs: AGE_MS });
  return lines.map((line) => guard.check(said(line), line.atMs));
}

/** What the second line is, after the first, five seconds later. */
function after(first: [string, string], second: [string, string]): EchoVerdict | undefined {
  return verdicts([
    { by: first[0], text: first[1], atMs: 0 },
    { by: second[0], text: second[1], atMs: 5000 },
  ])[1];
}

describe("a line that repeats another with its speaker's name is an echo", () => {
  test.each([
    ["<Alice> hi", "hi"],
    ["[A] Alice: hi", "hi"],
    ["(A) Alice » hi", "hi"],
    ["Alice: hi", "hi"],
    ["Alice> HI", "hi"],
    ["* Alice - hi", "hi"],
    ['[Public] Alice says, "hi"', "hi"],
    ["Alice (red): hi", "hi"],
    ["[B] bot: [A] Alice: hi", "hi"],
    ["[12:01] <@Alice> h-i!", "hi"],
    ["Alice: (:) hi", "(:) hi"],
    ["<Alice> :)", ":)"],
    ["[A] Alice: 👍", "👍"],
    ["<Alice> Creme brulee", "crème brûlée"],
    ["<Alice> Cr?me br?l?e", "crème brûlée"],
    ["<Alice> Strasse", "Straße"],
    [`Alice ${LONG}`, LONG],
    [`[A] Alice: ${LONG} (via bot)`, LONG],
    [`[A] Alice: ${LONG.slice(0, 22)}`, LONG],
    [`[A] Alice: ${LONG.slice(0, 22)}…`, LONG],
  ])("%j after %j", (echo, text) => {
    expect(after(["Alice", text], ["bot", echo])).toBe("echo");
  });

  test("whoever says it, and on whichever server", () => {
    expect(after(["bot@surf", "hi"], ["bot@surf", "[B] bot: hi"])).toBe("echo");
    expect(after(["Zoë Ünal@dust", "hi"], ["bot@surf", "Zoe Unal: hi"])).toBe("echo");
    expect(after(["Жанна@dust", "привет"], ["bot@surf", "<жанна> Привет"])).toBe("echo");
  });

  test("and an echo of it is one, too, when the line itself is forgotten", () => {
    expect(
      verdicts([
        { by: "Alice", text: "hi", atMs: 0 },
        { by: "bot", text: "<Alice> hi", atMs: 20_000 },
        { by: "bot", text: "<bot> <Alice> hi", atMs: 40_000 },
        { by: "other", text: "[B] bot: <bot> <Alice> hi", atMs: 60_000 },
      ]),
    ).toEqual(["pass", "echo", "echo", "echo"]);
  });

  test("also where the line itself was not relayed", () => {
    const guard = new EchoGuard({ ageMs: AGE_MS });
    guard.remember({ server: "surf", player: "Muted", text: "rude" }, 0);
    expect(guard.check({ server: "surf", player: "bot", text: "<Muted> rude" }, 1000)).toBe("echo");
  });

  test("where an application has no name, that of its server counts", () => {
    expect(after(["@web", "restart soon"], ["bot@surf", "[web] restart soon"])).toBe("echo");
  });

  test("a bridge that takes the names of others", () => {
    expect(after(["Alice@surf", "hi"], ["alice@dust", "hi"])).toBe("echo");
  });

  test("a long text of somebody else, or the end of a longer one, needs no name", () => {
    const long = "the server restarts at nine, please save your games";
    expect(after(["Alice", LONG], ["bot", LONG.toUpperCase()])).toBe("echo");
    expect(after(["Alice", long], ["bot", `12:01 ${long}`])).toBe("echo");
    expect(after(["Alice", long], ["bot", `12:01 ${long.slice(0, 45)}`])).toBe("echo");
  });
});

describe("people are not taken for bots", () => {
  test.each([
    ["gg", "gg"],
    ["gg", "Alice gg"],
    ["gg", "gg Alice"],
    ["gg", "Alice, gg"],
    ["gg", "Alice! gg"],
    ["gg", "Alice :) gg"],
    ["gg", "malice: gg"],
    ["(gg)", "Alice (gg)"],
    ["no", "I asked Alice and she told me this morning: no"],
    ["hi", "Alice: hi yourself"],
    [":)", "Alice :)"],
    [":)", "hi :)"],
    ["a", "banana: a"],
    ["does anyone know how", "hey, does anyone know how to surf"],
    [LONG, "Alice: yes"],
    ["!!!", "wow!!!"],
  ])("after %j of Alice, %j", (text, answer) => {
    expect(after(["Alice", text], ["Bob", answer])).toBe("pass");
  });

  test("nor for others because their names are in words by chance", () => {
    expect(after(["a", "d"], ["Bob", "bad"])).toBe("pass");
    expect(after(["e", "yes"], ["Bob", "the answer is yes"])).toBe("pass");
    expect(after(["x", "d"], ["x", "xd"])).toBe("pass");
  });

  test("many may say the same short text, once each", () => {
    const everybody = ["Alice", "Bob", "Carol@dust", "Dave@dust"];
    const lines = everybody.map((by, at) => ({ by, text: "gg", atMs: at * 500 }));
    expect(verdicts(lines)).toEqual(["pass", "pass", "pass", "pass"]);
  });

  const words = fc.constantFrom(
    ..."gg hi no yes a lol alice bob al we won again red base".split(" "),
    ..."anyone surf where is the flag :) ... ! да привет é".split(" "),
  );
  const sentence = fc.array(words, { minLength: 1, maxLength: 4 }).map((all) => all.join(" "));

  test("whatever two of them say in turn, each text once", () => {
    const talk = fc.uniqueArray(sentence, { minLength: 2, maxLength: 12, selector: lettersOnly });
    fc.assert(
      fc.property(talk, (texts) => {
        const lines = texts
          .filter((text) => lettersOnly(text).length < 16)
          .map((text, at) => ({ by: at % 2 === 0 ? "Alice" : "Al", text, atMs: at * 1000 }));
        expect(verdicts(lines)).toEqual(lines.map(() => "pass"));
      }),
      { numRuns: 500 },
    );
  });
});

function lettersOnly(text: string): string {
  return text.normalize("NFKD").replace(/[^\p{L}\p{N}]/gu, "");
}

describe("a player who says the same again", () => {
  const again = (...timesMs: number[]): EchoVerdict[] =>
    verdicts(timesMs.map((atMs) => ({ by: "Alice", text: "help", atMs })));

  test("is heard twice within three seconds", () => {
    expect(again(0, 2999)).toEqual(["pass", "repeated"]);
    expect(again(0, 3000)).toEqual(["pass", "pass"]);
  });

  test("may do so once, and then after a pause of the age", () => {
    expect(again(0, 10_000, 20_000, 49_999)).toEqual(["pass", "pass", "repeated", "repeated"]);
    expect(again(0, 10_000, 20_000, 50_000)).toEqual(["pass", "pass", "repeated", "pass"]);
  });

  test("may not where somebody else said it, too", () => {
    expect(
      verdicts([
        { by: "Alice", text: "gg", atMs: 0 },
        { by: "bot", text: "gg", atMs: 10_000 },
        { by: "bot", text: "gg", atMs: 35_000 },
        { by: "bot", text: "gg", atMs: 60_000 },
      ]),
    ).toEqual(["pass", "pass", "repeated", "repeated"]);
  });
});

describe("the guard", () => {
  test("forgets a line after the age", () => {
    const lines = [
      { by: "Alice", text: "hi", atMs: 0 },
      { by: "bot", text: "<Alice> hi", atMs: AGE_MS },
    ];
    expect(verdicts(lines)).toEqual(["pass", "pass"]);
  });

  test("forgets the oldest of more than 1,000 lines", () => {
    const guard = new EchoGuard({ ageMs: AGE_MS });
    for (let at = 0; at < 1001; at++) {
      guard.remember({ server: "surf", player: `p${at}`, text: `t${at}` }, at);
    }
    const echo = (at: number): EchoVerdict =>
      guard.check({ server: "surf", player: "bot", text: `<p${at}> t${at}` }, 2000);
    expect(echo(1000)).toBe("echo");
    expect(echo(10)).toBe("echo");
    expect(echo(0)).toBe("pass");
  });

  test("knows a text that begins as the name of its speaker ends", () => {
    const scream = "é".repeat(16);
    const lines = [
      { by: "Alice", text: scream, atMs: 0 },
      { by: "bot", text: `[surf] Alice: ${scream}`, atMs: 1000 },
    ];
    expect(verdicts(lines)).toEqual(["pass", "echo"]);
  });

  test("can be off", () => {
    const guard = new EchoGuard({ ageMs: 0 });
    const line = { server: "surf", player: "Alice", text: "hi" };
    expect([guard.check(line, 0), guard.check(line, 0)]).toEqual(["pass", "pass"]);
  });

  test("knows the plain echo of any line that has something to compare", () => {
    const name = fc.constantFrom("Alice", "Bob the 2nd", "Zoë", "[x] y", "Жанна");
    fc.assert(
      fc.property(hostileLine, name, (text, player) => {
        const safe = safeText(text);
        if (safe === undefined || /^[\s\p{M}\p{Cf}]/u.test(safe)) return;
        const guard = new EchoGuard({ ageMs: AGE_MS });
        guard.check({ server: "surf", player, text: safe }, 0);
        const echo = { server: "dust", player: "bot", text: `[surf] ${player}: ${safe}` };
        expect(guard.check(echo, 1000)).toBe("echo");
      }),
      { numRuns: 500 },
    );
  });

  test("answers for any two lines, of any names", () => {
    fc.assert(
      fc.property(hostileLine, hostileLine, hostileLine, (player, text, other) => {
        const guard = new EchoGuard({ ageMs: AGE_MS });
        guard.check({ server: "surf", player, text }, 0);
        const verdict = guard.check({ server: "dust", player: other, text: `${player}${text}` }, 1);
        expect(["pass", "echo", "repeated"]).toContain(verdict);
      }),
      { numRuns: 200 },
    );
  });
});

describe("what the relay says itself", () => {
  test.each([
    ["Al: dm (0)", "Al: dm (0)", "echo"],
    ["Al: dm (0)", "[bot] Al: dm (0)", "echo"],
    ["Al: dm (0)", "gal dm 0", "pass"],
    ["Al: dm (0)", "Al: dm (0) is empty", "pass"],
    ["Al: bhop (0); surf (1): Al", "Al: bhop (0); surf (1)", "pass"],
    ["Al: bhop (0); surf (12): Alexander", "bot: Al: bhop (0); surf (12): Alex", "echo"],
  ] as const)("%j makes of %j: %s", (own, line, verdict) => {
    const guard = new EchoGuard({ ageMs: AGE_MS });
    guard.remember({ server: "surf", player: "", text: own, isRelays: true }, 0);
    expect(guard.check(said({ by: "bot", text: line, atMs: 0 }), 5000)).toBe(verdict);
  });
});
