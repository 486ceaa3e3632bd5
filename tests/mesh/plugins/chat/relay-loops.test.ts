/** Two servers joined twice over: by the mesh, and by bots that repeat in one game what they see in the other. */

import { describe, expect, test } from "bun:test";
import type { WrittenSettings } from "../../../../mesh/index.ts";
import { RelayBed, type RelayServer } from "./relay-bed.ts";

/** How a bot writes what it sees: who said it, if anybody, and what. */
type Style = (name: string, text: string) => string;

const STYLES: Readonly<Record<string, Style>> = {
  "<name> text": (name, text) => `<${name}> ${text}`,
  "name: text": (name, text) => `${name}: ${text}`,
  "(name) text, without accents": (name, text) =>
    `(${name}) ${text}`.normalize("NFKD").replaceAll(/[^ -~]/g, ""),
  "[bridge] name » text, cut": (name, text) => `[bridge] ${name} » ${text}`.slice(0, 79),
  "text alone": (_name, text) => text,
};

/** More than that is said to have no end. */
const STEPS_MAX = 500;

interface Sight {
  readonly at: RelayServer;
  readonly name: string;
  readonly text: string;
}

/** What bots see and repeat, until nothing is left. */
class BridgedBed {
  readonly bed = new RelayBed();
  readonly servers: readonly [RelayServer, RelayServer];
  readonly #style: Style;
  readonly #delayMs: number;
  readonly #sights: Sight[] = [];
  readonly #looked = new Map<RelayServer, number>();
  steps = 0;

  constructor(style: Style, delayMs: number, settings: WrittenSettings = {}) {
    this.servers = [this.bed.add("surf", settings), this.bed.add("bhop", settings)];
    this.#style = style;
    this.#delayMs = delayMs;
  }

  async says(at: RelayServer, name: string, text: string): Promise<void> {
    this.#sights.push({ at, name, text });
    await at.say(name, text);
    this.#look();
  }

  /** Lets the bots repeat, and what they say be seen by the bots of the other side, until all is quiet. */
  async quiet(): Promise<void> {
    for (let sight = this.#sights.shift(); sight !== undefined; sight = this.#sights.shift()) {
      this.steps += 1;
      if (this.steps > STEPS_MAX) throw new Error("it has no end");
      this.bed.nowMs += this.#delayMs;
      const [surf, bhop] = this.servers;
      const other = sight.at === surf ? bhop : surf;
      // It does not repeat itself: that far every bot is thought out.
      if (sight.name !== "bridge") {
        await other.say("bridge", this.#style(sight.name, sight.text));
        this.#look();
      }
    }
  }

  /** What the relay has shown in a game is seen there as the server's own words. */
  #look(): void {
    for (const server of this.servers) {
      const before = this.#looked.get(server) ?? 0;
      const { lines } = server;
      for (const text of lines.slice(before)) {
        this.#sights.push({ at: server, name: "server", text });
      }
      this.#looked.set(server, lines.length);
    }
  }
}

const LINES = ["hi", "gg", "who wants to race me to the castle?", "prêt? ça va"];

for (const [what, style] of Object.entries(STYLES)) {
  describe(`a bot that says ${what}`, () => {
    test.each([0, 50, 2000])(
      "after %d ms makes no more of a line than a person might",
      async (delayMs) => {
        for (const text of LINES) {
          const bridged = new BridgedBed(style, delayMs);
          const [surf, bhop] = bridged.servers;
          await bridged.says(surf, "Alice", text);
          await bridged.quiet();
          const named = what !== "text alone";
          // Where it says who said it, nothing comes of it; else its words may be those of a person, once.
          expect(bhop.lines.filter((line) => line.includes("Alice")).length).toBe(1);
          expect(surf.lines.length).toBeLessThanOrEqual(named ? 0 : 1);
          expect(bhop.lines.length).toBeLessThanOrEqual(named ? 1 : 2);
        }
      },
    );

    test("has no command carried out twice, and makes no line of what the relay answers", async () => {
      const commands = { private_messages: "on", players_command: "on", server_lines: "1000" };
      for (const isPrivate of [true, false]) {
        const bridged = new BridgedBed(style, 50, commands);
        const [surf, bhop] = bridged.servers;
        const third = bridged.bed.add("third");
        surf.players = [{ name: "Alice" }];
        bhop.players = [{ name: "Bob" }];
        surf.tellOutcome = isPrivate ? "sent" : "unsupported";
        await bridged.says(surf, "Alice", "!msg Bob hi");
        await bridged.quiet();
        await bridged.says(surf, "Alice", "!msg Bob@bhop and a long line that many bots repeat");
        await bridged.quiet();
        await bridged.says(surf, "Alice", "!players");
        await bridged.quiet();
        const toBob = bhop.told.filter(({ to }) => to === "Bob").map(({ text }) => text);
        expect(toBob).toEqual([
          "[surf] Alice to you: hi",
          "[surf] Alice to you: and a long line that many bots repeat",
        ]);
        expect(bhop.lines).toEqual([]);
        expect(surf.lines.filter((line) => line.startsWith("["))).toEqual([]);
        // There nobody knows what was typed and answered elsewhere.
        expect(third.lines.length).toBeLessThanOrEqual(4);
      }
    });

    test("does not keep people from talking to each other", async () => {
      const bridged = new BridgedBed(style, 50);
      const [surf, bhop] = bridged.servers;
      await bridged.says(surf, "Alice", "is anybody there?");
      await bridged.quiet();
      await bridged.says(bhop, "Bob", "yes, here I am, hello Alice");
      await bridged.quiet();
      await bridged.says(surf, "Alice", "good to see you");
      await bridged.quiet();
      const seen = bhop.lines.filter((line) => line.startsWith("[surf] Alice: "));
      expect(seen).toEqual(["[surf] Alice: is anybody there?", "[surf] Alice: good to see you"]);
      expect(surf.lines).toContain("[bhop] Bob: yes, here I am, hello Alice");
    });
  });
}
