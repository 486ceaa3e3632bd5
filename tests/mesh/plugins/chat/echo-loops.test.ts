import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type BotOptions, LoopedServers } from "./looped-servers.ts";

const SHORT = "hi";
const LONG = "does anyone want to play a round of surf with us?";

/** One from dust to surf, and one back. */
function bothWays(options: Pick<BotOptions, "withNames"> & Partial<BotOptions>): BotOptions[] {
  return [
    { from: "dust", to: "surf", delayMs: 500, ...options },
    { from: "surf", to: "dust", delayMs: 700, ...options },
  ];
}

/** Lines that the relay showed, on both servers. */
function shownAfter(text: string, bots: readonly BotOptions[]): Readonly<Record<string, number>> {
  const servers = new LoopedServers(["surf", "dust"], bots);
  servers.says("surf", "Alice", text);
  servers.settle();
  return servers.shown;
}

describe("bots that repeat lines with their names, in both directions", () => {
  test.each([SHORT, LONG, ":)", "привет", "größer"])("make no line more of %j", (text) => {
    const bots = bothWays({ withNames: true });
    expect(shownAfter(text, bots)).toEqual({ surf: 0, dust: 1 });
  });

  test("nor with a delay", () => {
    const bots = bothWays({ withNames: true, delayMs: 25_000 });
    expect(shownAfter(SHORT, bots)).toEqual({ surf: 0, dust: 1 });
  });

  test("nor where they know only ASCII and 79 characters of a line", () => {
    const narrow = { withNames: true, asciiOnly: true, charsMax: 79 };
    const bots = bothWays(narrow);
    for (const text of [SHORT, "größer", `${LONG} ${LONG} ${LONG}`]) {
      expect(shownAfter(text, bots)).toEqual({ surf: 0, dust: 1 });
    }
  });
});

describe("bots that repeat lines as their own", () => {
  const bots = bothWays({ withNames: false });

  test("are taken for people once each, where the text is short", () => {
    expect(shownAfter(SHORT, bots)).toEqual({ surf: 1, dust: 2 });
  });

  test("make no line more of a long one", () => {
    expect(shownAfter(LONG, bots)).toEqual({ surf: 0, dust: 1 });
  });
});

test("what a bot says itself comes back at most once more", () => {
  const servers = new LoopedServers(
    ["surf", "dust"],
    [{ from: "dust", to: "surf", withNames: false, delayMs: 10_000 }],
  );
  servers.says("surf", "bot0", "welcome");
  servers.settle();
  expect(servers.shown).toEqual({ surf: 0, dust: 2 });
});

describe("bots that repeat commands and their answers", () => {
  test.each([true, false])("with names: %p, deliver a private line once", (withNames) => {
    const servers = new LoopedServers(["surf", "dust"], bothWays({ withNames }));
    servers.says("surf", "Alice", "!msg dust hi");
    servers.settle();
    expect(servers.told("dust")).toBe(1);
    // An answer of the one is new to the other, which is where it goes to: and there it is known.
    expect(servers.shown).toEqual({ surf: 0, dust: 0 });
  });

  test.each([true, false])("with names: %p, make no line of who plays where", (withNames) => {
    const servers = new LoopedServers(["surf", "dust"], bothWays({ withNames }));
    servers.says("surf", "Alice", "!players");
    servers.settle();
    expect(servers.shown).toEqual({ surf: 0, dust: 0 });
  });
});

const bot: fc.Arbitrary<BotOptions> = fc.record({
  from: fc.constantFrom("surf", "dust", "city"),
  to: fc.constantFrom("surf", "dust", "city"),
  withNames: fc.boolean(),
  // The way through all of them takes less time than lines are remembered.
  delayMs: fc.integer({ min: 0, max: 7000 }),
  asciiOnly: fc.boolean(),
  charsMax: fc.constantFrom(79, 250),
});

const text = fc.oneof(
  fc.constantFrom(SHORT, LONG, ":)", "👍", "größer", "Привет всем!", `${LONG} ${LONG} ${LONG}`),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 120 }),
);

test("whatever up to four bots do, a line makes few more, and then there is silence", () => {
  fc.assert(
    fc.property(fc.array(bot, { maxLength: 4 }), text, (bots, line) => {
      const servers = new LoopedServers(["surf", "dust", "city"], bots);
      servers.says("surf", "Alice", line);
      servers.settle();
      for (const shown of Object.values(servers.shown)) expect(shown).toBeLessThanOrEqual(24);
    }),
    { numRuns: 300 },
  );
});

test("whatever up to four bots do, a command makes few lines, and then there is silence", () => {
  const command = fc.oneof(
    fc.constant("!players"),
    text.map((words) => `!msg dust ${words}`),
  );
  fc.assert(
    fc.property(fc.array(bot, { maxLength: 4 }), command, (bots, line) => {
      const servers = new LoopedServers(["surf", "dust", "city"], bots);
      servers.says("surf", "Alice", line);
      servers.settle();
      // What a bot has cut or lost letters of is another line.
      const isWhole = line.length <= 79 && /^[ -~]*$/.test(line);
      const isLong = line.replace(/^!msg dust|[^a-z0-9]/gi, "").length >= 16;
      // A short text that comes late is taken for a person's, once a bot.
      expect(servers.told("dust")).toBeLessThanOrEqual(isWhole && isLong ? 1 : 1 + bots.length);
      for (const shown of Object.values(servers.shown)) expect(shown).toBeLessThanOrEqual(24);
    }),
    { numRuns: 300 },
  );
});

test("without the guard, two bots alone make thousands", () => {
  const bots = bothWays({ withNames: true });
  const servers = new LoopedServers(["surf", "dust"], bots, 0);
  servers.says("surf", "Alice", SHORT);
  expect(() => servers.settle()).toThrow("never ends");
});
