import { EchoGuard } from "../../../../mesh/plugins/chat/echo-guard.ts";
import type { SaidLine } from "../../../../mesh/plugins/chat/echo-line.ts";
import { safeText } from "../../../../mesh/plugins/chat/safe-chat.ts";
import { INCOMING } from "../../../../mesh/plugins/chat/settings.ts";

/** Repeats what is to be seen in one game in another. */
export interface BotOptions {
  readonly from: string;
  readonly to: string;
  /** Writes who said it, as `<Alice> hi`; without, only what was said. */
  readonly withNames: boolean;
  readonly delayMs: number;
  /** Writes `?` for everything else. */
  readonly asciiOnly?: boolean;
  readonly charsMax?: number;
}

interface Server {
  readonly name: string;
  readonly guard: EchoGuard;
  shown: number;
  told: number;
}

interface SeenLine {
  readonly player: string;
  readonly text: string;
  /** As it stands there, with both. */
  readonly line: string;
  /** By the relay. */
  readonly isShown: boolean;
}

interface Occurrence {
  readonly atMs: number;
  readonly happen: () => void;
}

const MESH_DELAY_MS = 20;
const OCCURRENCES_MAX = 5000;

/** Games whose nodes relay all lines, and bots that do the same beside them, in time that passes by itself. */
export class LoopedServers {
  readonly #servers: readonly Server[];
  readonly #bots: readonly BotOptions[];
  readonly #coming: Occurrence[] = [];
  #nowMs = 0;

  constructor(names: readonly string[], bots: readonly BotOptions[], ageMs = 30_000) {
    this.#servers = names.map((name) => ({
      name,
      guard: new EchoGuard({ ageMs }),
      shown: 0,
      told: 0,
    }));
    this.#bots = bots;
  }

  /** How many lines the relay has shown on each. */
  get shown(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#servers.map(({ name, shown }) => [name, shown]));
  }

  /** How many private lines its players have got. */
  told(at: string): number {
    return this.#servers.find(({ name }) => name === at)?.told ?? 0;
  }

  /** Somebody in a game says something: everybody there sees it, and the node hears it. */
  says(at: string, player: string, said: string): void {
    const text = safeText(said);
    const here = this.#servers.find(({ name }) => name === at);
    if (text === undefined || here === undefined) return;
    this.#seen(at, { player, text, line: `<${player}> ${text}`, isShown: false });
    const line = { server: at, player, text };
    if (text.startsWith("!")) {
      this.#carryOut(here, line);
      return;
    }
    if (here.guard.check(line, this.#nowMs) !== "pass") return;
    for (const there of this.#servers) {
      if (there !== here) this.#after(MESH_DELAY_MS, () => this.#arrives(there, line));
    }
  }

  /** Lets time pass until nothing happens any more. */
  settle(): void {
    for (let count = 0; ; count++) {
      const next = this.#coming.toSorted((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined) return;
      if (count === OCCURRENCES_MAX) throw new Error("it never ends");
      this.#coming.splice(this.#coming.indexOf(next), 1);
      this.#nowMs = next.atMs;
      next.happen();
    }
  }

  #arrives(there: Server, line: SaidLine): void {
    if (there.guard.check(line, this.#nowMs) !== "pass") return;
    there.shown += 1;
    this.#seen(there.name, { ...line, line: INCOMING.apply(line), isShown: true });
  }

  /** `!msg`, with the name of a player on each server behind it, and any other command; each is answered for all to see. */
  #carryOut(here: Server, line: SaidLine): void {
    const [command, to = "", ...words] = line.text.split(" ");
    const written = words.join(" ");
    const verdict = here.guard.checkCommand({ ...line, written }, this.#nowMs);
    const there = this.#servers.find(({ name }) => name === to);
    if (command !== "!msg" || there === undefined) {
      this.#answer(here, line.player, this.#servers.map(({ name }) => `${name} (1)`).join("; "));
      return;
    }
    if (verdict === "pass") {
      this.#after(MESH_DELAY_MS, () => this.#tell(there, { ...line, text: written }));
    }
    this.#answer(here, line.player, verdict === "pass" ? `to Bob@${to}: sent` : "not shown");
  }

  #tell(there: Server, line: SaidLine): void {
    const typed = { ...line, text: `to Bob: ${line.text}`, written: line.text };
    if (there.guard.checkCommand(typed, this.#nowMs) === "pass") there.told += 1;
  }

  #answer(here: Server, player: string, answer: string): void {
    const text = `${player}: ${answer}`;
    for (const own of [answer, text]) {
      const said = { server: here.name, player: "", text: own, isRelays: true };
      here.guard.remember(said, this.#nowMs);
    }
    this.#seen(here.name, { player: "", text, line: text, isShown: true });
  }

  /** What bots write in a game they know for their own, each other's too: else they would never stop, relay or no relay. */
  #seen(at: string, { player, text, line, isShown }: SeenLine): void {
    if (!isShown && player.startsWith("bot")) return;
    for (const [index, bot] of this.#bots.entries()) {
      if (bot.from !== at) continue;
      const repeated = narrowed(bot.withNames ? line : text, bot);
      this.#after(bot.delayMs, () => this.says(bot.to, `bot${index}`, repeated));
    }
  }

  #after(delayMs: number, happen: () => void): void {
    this.#coming.push({ atMs: this.#nowMs + delayMs, happen });
  }
}

function narrowed(line: string, { asciiOnly = false, charsMax = 250 }: BotOptions): string {
  const plain = asciiOnly ? line.replace(/[^ -~]/gu, "?") : line;
  return plain.slice(0, charsMax);
}
