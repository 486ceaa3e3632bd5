import type { FeedLine } from "./feed-line.ts";
import { PLAYERS_MAX } from "./limits.ts";
import type { Names } from "./roster.ts";

/** What is asked, in this order. */
const LOGIN = ["level", "map", "players"] as const;
const CHECK = ["players"] as const;

type Section = (typeof LOGIN)[number];

const COMMANDS: Readonly<Record<Section, string>> = {
  level: "ec_output_level",
  map: "sv_map",
  players: "status",
};

export interface ServerAnswer {
  /** How much the console tells; from 1 on it tells what is said. */
  readonly outputLevel: number;
  readonly map: string;
  readonly names: Names;
}

/**
 * One round of questions. A console does not mark what belongs to which command, and other clients of it see and
 * cause output as well: so each command stands between echoes of a word that nobody else knows.
 */
export class ServerQuery {
  readonly #sections: readonly Section[];
  readonly #word: string = `query-${crypto.randomUUID()}`;
  readonly #names = new Map<number, string>();
  readonly #values = new Map<Section, string>();
  #section: Section | undefined;

  constructor(kind: "login" | "check") {
    this.#sections = kind === "login" ? LOGIN : CHECK;
  }

  get lines(): readonly string[] {
    const asked = this.#sections.flatMap((section) => [
      `echo ${this.#word}-${section}`,
      COMMANDS[section],
    ]);
    return [...asked, `echo ${this.#word}-end`];
  }

  /** Answers once all is answered. */
  take(line: FeedLine): ServerAnswer | undefined {
    if (line.type === "console" && line.text.startsWith(this.#word)) {
      return this.#echoed(line.text.slice(this.#word.length + 1));
    }
    const section = this.#section;
    if (section === "players" && line.type === "status" && this.#names.size < PLAYERS_MAX) {
      this.#names.set(line.id, line.name);
    }
    const isValue = section !== undefined && line.type === "console";
    const value = isValue ? /^Value: (.*)$/s.exec(line.text)?.[1] : undefined;
    if (isValue && value !== undefined && !this.#values.has(section)) {
      this.#values.set(section, value);
    }
    return undefined;
  }

  #echoed(what: string): ServerAnswer | undefined {
    this.#section = this.#sections.find((section) => section === what);
    if (what !== "end") return undefined;
    const outputLevel = Number(this.#values.get("level") ?? "1");
    return { outputLevel, map: this.#values.get("map") ?? "", names: this.#names };
  }
}
