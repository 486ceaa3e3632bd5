import { describe, expect, test } from "bun:test";
import type { SayOutcome } from "../../../../../mesh/index.ts";
import type { SessionEnd } from "../../../../../mesh/plugins/games/adapter.ts";
import type {
  Console,
  ConsoleEvents,
  Feed,
  Grammar,
  OpenConsole,
  ReadLine,
} from "../../../../../mesh/plugins/games/text/parts.ts";
import { TextAdapter } from "../../../../../mesh/plugins/games/text/text-session.ts";
import { ToldSession } from "../../../../helpers/games/told-session.ts";
import { nextTurn } from "../../../../helpers/turns.ts";
import { ManualClock } from "../../../manual-clock.ts";

const LOST: SessionEnd = { kind: "lost", text: "it went" };

/** A part that the test speaks for. */
class ScriptedPart implements Feed, Console {
  readonly where: string;
  readonly sent: string[] = [];
  outcome: SayOutcome = "sent";
  closings = 0;
  closing: Promise<void> = Promise.resolve();
  opens = 0;
  #events: ConsoleEvents | undefined;

  constructor(where: string) {
    this.where = where;
  }

  get events(): ConsoleEvents {
    if (this.#events === undefined) throw new Error("it was not opened");
    return this.#events;
  }

  open(events: ConsoleEvents): OpenConsole {
    this.opens++;
    this.#events = events;
    return {
      send: async (command) => {
        this.sent.push(command);
        return this.outcome;
      },
      close: async () => {
        this.closings++;
        await this.closing;
      },
    };
  }
}

/** `+Alice`, `-Alice`, `map x`, `Alice: hi`; anything else is not understood. */
const GRAMMAR: Grammar = {
  read: (line): ReadLine => {
    if (line === "noise") return "ignored";
    const [, sign = "", id, name = ""] = /^([+-])(?:(\d+) )?(.*)$/.exec(line) ?? [];
    const player = { name, ...(id === undefined ? {} : { id }) };
    if (sign !== "") return { type: sign === "+" ? "join" : "leave", player };
    const [, map] = /^map (.*)$/.exec(line) ?? [];
    if (map !== undefined) return { type: "map", map };
    const [, before, after] = /^(.*) => (.*)$/.exec(line) ?? [];
    if (before !== undefined) return { type: "rename", player: { name: after ?? "" }, before };
    const [, speaker, text] = /^(\w+): (.*)$/.exec(line) ?? [];
    if (speaker === undefined || text === undefined) return undefined;
    return { type: "chat", audience: "all", player: { name: speaker }, text };
  },
  say: ({ text }) => (text === "" ? "empty" : { command: `say ${text}` }),
  tell: ({ name }, text) =>
    name === "nobody" ? "unsupported" : { command: `tell ${name} ${text}` },
};

function opened() {
  const feed = new ScriptedPart("its log");
  const console = new ScriptedPart("its console");
  const told = new ToldSession();
  const clock = new ManualClock();
  const adapter = new TextAdapter({ game: "doom", grammar: GRAMMAR, console, feed, clock });
  return { feed, console, told, clock, adapter, session: adapter.open(told) };
}

function up() {
  const all = opened();
  all.console.events.onReady();
  all.feed.events.onReady();
  return all;
}

test("an adapter says where its parts are", () => {
  const { adapter, console } = opened();
  expect(adapter.where).toBe("its console, read from its log");
  expect(adapter.game).toBe("doom");
  expect(new TextAdapter({ game: "doom", grammar: GRAMMAR, console }).where).toBe("its console");
});

describe("a session", () => {
  test("is up once both parts are, and knows by then who plays", () => {
    const { feed, console, told } = opened();
    feed.events.onReady();
    for (const line of ["+Alice", "+Bob", "-Bob", "map desert", "Alice: hi"]) {
      feed.events.onLine(line);
    }
    expect(told.starts).toEqual([]);
    console.events.onReady();
    console.events.onReady();
    expect(told.starts).toEqual([{ map: "desert", players: [{ name: "Alice" }] }]);
    expect(told.events).toEqual([]);
  });

  test("tells what is read, and what is not understood", () => {
    const { feed, console, told } = up();
    for (const line of ["+Alice", "Carol: hi", "noise", "gibberish"]) feed.events.onLine(line);
    feed.events.onUnread("5 bytes were skipped");
    console.events.onLine("Alice: not from the feed");
    expect(told.events).toEqual([
      { type: "join", player: { name: "Alice" } },
      { type: "chat", audience: "all", player: { name: "Carol" }, text: "hi" },
    ]);
    expect(told.understood).toEqual(["+Alice", "Carol: hi"]);
    expect(told.notUnderstood).toEqual(["gibberish", "5 bytes were skipped"]);
  });

  test("tells each change once", () => {
    const { feed, told } = up();
    const lines = ["+1 Al", "+1 Al", "+1 Alice", "+Bob", "Bob => Rob", "+Rob", "-Rob", "-Rob"];
    for (const line of [...lines, "map a", "map a", "map b"]) feed.events.onLine(line);
    expect(told.events).toEqual([
      { type: "join", player: { name: "Al", id: "1" } },
      { type: "rename", player: { name: "Alice", id: "1" }, before: "Al" },
      { type: "join", player: { name: "Bob" } },
      { type: "rename", player: { name: "Rob" }, before: "Bob" },
      { type: "leave", player: { name: "Rob" } },
      // Who was there before the first line may leave as well.
      { type: "leave", player: { name: "Rob" } },
      { type: "map", map: "a" },
      { type: "map", map: "b" },
    ]);
  });

  test("knows no more players than a server has", () => {
    const { feed, console, told } = opened();
    for (let i = 0; i < 2000; i++) feed.events.onLine(`+${i} someone`);
    feed.events.onReady();
    console.events.onReady();
    expect(told.starts[0]?.players).toHaveLength(512);
  });

  test("says and tells once it is up, as the grammar has it", async () => {
    const { console, feed, session } = opened();
    expect(await session.say({ text: "hi" })).toBe("down");
    console.events.onReady();
    feed.events.onReady();
    expect(await session.say({ text: "hi" })).toBe("sent");
    expect(await session.say({ text: "" })).toBe("empty");
    expect(await session.tell({ name: "Al" }, "yo")).toBe("sent");
    expect(await session.tell({ name: "nobody" }, "yo")).toBe("unsupported");
    console.outcome = "queue_full";
    expect(await session.say({ text: "more" })).toBe("queue_full");
    expect(console.sent).toEqual(["say hi", "tell Al yo", "say more"]);
    await session.close();
    expect(await session.say({ text: "late" })).toBe("down");
  });

  test("is over with its feed, once the console is closed", async () => {
    const { feed, console, told, session } = up();
    const { promise, resolve } = Promise.withResolvers<void>();
    console.closing = promise;
    feed.events.onOver(LOST);
    console.events.onOver({ kind: "failed", text: "it went, too" });
    feed.events.onLine("Alice: late");
    await nextTurn();
    expect(told.ends).toEqual([]);
    expect(await session.say({ text: "hi" })).toBe("down");
    resolve();
    expect(await told.end()).toEqual(LOST);
    await session.close();
    expect(told.events).toEqual([]);
    expect([feed.closings, console.closings]).toEqual([1, 1]);
  });

  test("goes on without its console for a while, and is spoken to once that is back", async () => {
    const { feed, console, told, clock, session } = up();
    feed.events.onLine("+Alice");
    console.events.onOver(LOST);
    expect(told.troubles).toEqual([undefined, LOST]);
    feed.events.onLine("Alice: hi");
    feed.events.onLine("+Bob");
    expect(told.events.map(({ type }) => type)).toEqual(["join", "chat", "join"]);
    await nextTurn();
    clock.advance(1000);
    await nextTurn();
    expect(console.opens).toBe(2);
    console.events.onReady();
    expect(told.troubles).toEqual([undefined, LOST, undefined]);
    expect(await session.say({ text: "hi" })).toBe("sent");
    expect([told.ends, told.starts.length, feed.opens]).toEqual([[], 1, 1]);
  });

  test("is over where nobody is at its console any more, and nobody is there any more", async () => {
    const { feed, console, told, clock, adapter } = up();
    feed.events.onLine("+Alice");
    console.events.onOver(LOST);
    await nextTurn();
    clock.advance(1000);
    await nextTurn();
    console.events.onOver({ kind: "unreachable", text: "nobody listens" });
    expect(await told.end()).toEqual(LOST);
    const next = new ToldSession();
    adapter.open(next);
    feed.events.onLine("+Bob");
    feed.events.onReady();
    console.events.onReady();
    expect(next.starts).toEqual([{ map: undefined, players: [{ name: "Bob" }] }]);
  });

  test("knows nobody of a run that was never joined", async () => {
    const { feed, console, told, adapter } = opened();
    feed.events.onLine("+Alice");
    feed.events.onReady();
    console.events.onOver({ kind: "unreachable", text: "nobody listens" });
    expect(await told.end()).toMatchObject({ kind: "unreachable" });
    const next = new ToldSession();
    adapter.open(next);
    // Written while nothing was opened.
    feed.events.onLine("+Bob");
    feed.events.onReady();
    console.events.onReady();
    expect(next.starts).toEqual([{ map: undefined, players: [{ name: "Bob" }] }]);
  });

  test("is up where only the password of its console is wrong", async () => {
    const { feed, console, told, session } = opened();
    feed.events.onReady();
    const end = { kind: "wrong_password", text: "it refused the password" } as const;
    console.events.onOver(end);
    expect(told.starts).toHaveLength(1);
    expect(told.troubles).toEqual([end]);
    feed.events.onLine("Alice: hi");
    expect(told.events).toHaveLength(1);
    await session.close();
  });

  test("tells nothing once it is closed, not even while it was ending", async () => {
    const { feed, console, told, session } = up();
    const { promise, resolve } = Promise.withResolvers<void>();
    console.closing = promise;
    feed.events.onOver(LOST);
    const closed = session.close();
    resolve();
    await closed;
    await nextTurn();
    feed.events.onLine("Alice: late");
    console.events.onReady();
    expect([told.ends, told.events]).toEqual([[], []]);
  });

  test("is closed although a part cannot be", async () => {
    const { feed, told, console } = up();
    console.closing = Promise.reject(new Error("it hangs"));
    feed.events.onOver(LOST);
    expect(await told.end()).toEqual(LOST);
  });

  test("may read what its console prints, without another feed", async () => {
    const console = new ScriptedPart("its process");
    const told = new ToldSession();
    const session = new TextAdapter({ game: "doom", grammar: GRAMMAR, console }).open(told);
    console.events.onReady();
    console.events.onLine("Alice: hi");
    expect(told.events).toHaveLength(1);
    expect(await session.say({ text: "hi" })).toBe("sent");
    await session.close();
    expect(console.closings).toBe(1);
  });
});
