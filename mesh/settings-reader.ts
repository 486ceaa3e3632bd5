/** What a section of the config says, read key by key. All that is wrong with it is told at once. */

import { nearest } from "./config/nearest.ts";
import { quoted } from "./printable.ts";

/** As written: a list where the key was written `key[] = value`, once for each item. */
export type WrittenSettings = Readonly<Record<string, string | readonly string[]>>;

export interface SettingProblem {
  readonly key: string;
  /** What the key must or cannot be, to follow its name. Never shows a secret. */
  readonly text: string;
  /** Which of a list it is about, from 0. */
  readonly item?: number;
}

export interface WholeRange {
  readonly min: number;
  readonly max: number;
}

/** A secret has as many at least, and is shown nowhere, also where it was written under the wrong key. */
const SECRET_CHARS_MIN = 16;

const PORT: WholeRange = { min: 1, max: 65_535 };

/**
 * Reads what it is asked for, with the default where nothing is written. What cannot be read is a problem and reads as
 * the default, so that the others come to light, too. What nobody has asked for at the end is unknown.
 *
 * ```ts
 * const { port } = node.readSettings((settings) => ({ port: settings.port("port", 7777) }));
 * ```
 */
export class SettingsReader {
  readonly problems: SettingProblem[] = [];
  readonly #written: WrittenSettings;
  readonly #asked = new Set<string>();
  readonly #groups = new Map<string, SettingsReader>();
  #tolerates = false;

  constructor(written: WrittenSettings) {
    this.#written = written;
  }

  /** Whether the key is there, and not empty. Does not count as asking for it. */
  has(key: string): boolean {
    const value = this.#valueOf(key);
    return value !== undefined && value.length > 0;
  }

  text(key: string, fallback: string): string {
    return this.#one(key) ?? fallback;
  }

  /** As {@link text}; nothing, or an empty text, is a problem. */
  required(key: string, what: string): string {
    const text = this.#one(key) ?? "";
    if (text === "") this.problem(key, `is missing: ${what}`);
    return text;
  }

  optional(key: string): string | undefined {
    const text = this.#one(key);
    return text === "" ? undefined : text;
  }

  /** As {@link optional}, of a key that says nothing only where it is not there. */
  written(key: string): string | undefined {
    return this.#one(key);
  }

  port(key: string, fallback: number): number {
    return this.whole(key, fallback, PORT);
  }

  whole(key: string, fallback: number, { min, max }: WholeRange): number {
    const text = this.#one(key);
    if (text === undefined) return fallback;
    if (/^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    this.problem(key, `must be a whole number from ${min} to ${max}, not ${shown(text)}`);
    return fallback;
  }

  choice<const Choice extends string>(
    key: string,
    choices: readonly Choice[],
    fallback: Choice,
  ): Choice {
    const text = this.#one(key);
    if (text === undefined) return fallback;
    const chosen = choices.find((choice) => choice === text);
    if (chosen !== undefined) return chosen;
    this.unknownChoice(key, text, choices);
    return fallback;
  }

  /** Says that the key must be something else than what was written. */
  unknownChoice(key: string, written: string, choices: readonly string[]): void {
    const meant = nearest(written, choices);
    const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
    this.problem(key, `must be one of ${choices.join(", ")}, not ${shown(written)}${hint}`);
  }

  /** `on` or `off`. */
  isOn(key: string, fallback: boolean): boolean {
    return this.choice(key, ["on", "off"], fallback ? "on" : "off") === "on";
  }

  /** Words in one line with commas, or one item a line with `key[] =`. */
  list(key: string, fallback: readonly string[] = []): readonly string[] {
    const value = this.#ask(key);
    if (value === undefined) return fallback;
    const items = typeof value === "string" ? value.split(",") : value;
    return items.map((item) => item.trim()).filter((item) => item !== "");
  }

  /** Texts that may hold commas: one alone, or one a line with `key[] =`. */
  lines(key: string, fallback: readonly string[] = []): readonly string[] {
    const value = this.#ask(key);
    if (value === undefined) return fallback;
    const items = typeof value === "string" ? [value] : value;
    return items.filter((item) => item !== "");
  }

  /**
   * The keys that begin with a name and a dot, by that name: a reader for each, of the keys behind the dot. What is wrong
   * there stands here, too, once {@link refuseUnknown} is called.
   */
  groups(): ReadonlyMap<string, SettingsReader> {
    const written = new Map<string, Record<string, string | readonly string[]>>();
    for (const [key, value] of Object.entries(this.#written)) {
      const dot = key.indexOf(".");
      if (dot < 1) continue;
      this.#asked.add(key);
      const name = key.slice(0, dot);
      const ofName = written.get(name) ?? Object.create(null);
      ofName[key.slice(dot + 1)] = value;
      written.set(name, ofName);
    }
    for (const [name, ofName] of written) this.#groups.set(name, new SettingsReader(ofName));
    return this.#groups;
  }

  /** Whether somebody has asked for the key. */
  isAsked(key: string): boolean {
    return this.#asked.has(key);
  }

  /** Says that something is wrong with the key, or with an item of its list; `text` follows the key's name. */
  problem(key: string, text: string, item?: string): void {
    this.#add({ key, text, ...this.#indexOf(key, item) });
  }

  #add(problem: SettingProblem): void {
    const { key, text } = problem;
    // Two parts may ask for the same key.
    const isKnown = this.problems.some((known) => known.key === key && known.text === text);
    if (!isKnown) this.problems.push(problem);
  }

  #indexOf(key: string, item: string | undefined): Pick<SettingProblem, "item"> {
    const value = this.#valueOf(key);
    if (item === undefined || value === undefined || typeof value === "string") return {};
    const index = value.indexOf(item);
    return index === -1 ? {} : { item: index };
  }

  /** With the same written, of which nobody has asked for anything. */
  copy(): SettingsReader {
    return new SettingsReader(this.#written);
  }

  /** All that somebody has asked the other one for counts as asked for here. */
  know(other: SettingsReader): void {
    for (const key of other.#asked) this.#asked.add(key);
  }

  /** What keys there are is not known, since another one is wrong. */
  tolerateUnknown(): void {
    this.#tolerates = true;
  }

  /** To be called last: adds what is written and was not asked for. `where` names the section. */
  refuseUnknown(where: string): void {
    for (const [name, group] of this.#groups) {
      group.refuseUnknown(`${where} ${name}`);
      for (const problem of group.problems) {
        this.#add({ ...problem, key: `${name}.${problem.key}` });
      }
    }
    if (this.#tolerates) return;
    for (const key of Object.keys(this.#written)) {
      if (this.#asked.has(key)) continue;
      const meant = nearest(key, this.#asked);
      const all = [...this.#asked].toSorted().join(", ");
      const hint = meant === undefined ? `its keys are ${all}` : `did you mean ${quoted(meant)}?`;
      this.problem(key, `is no key of ${where}; ${hint}`);
    }
  }

  #one(key: string): string | undefined {
    const value = this.#ask(key);
    if (value === undefined || typeof value === "string") return value;
    this.problem(key, "takes one value; write it without []");
    return undefined;
  }

  #ask(key: string): string | readonly string[] | undefined {
    this.#asked.add(key);
    return this.#valueOf(key);
  }

  #valueOf(key: string): string | readonly string[] | undefined {
    return Object.hasOwn(this.#written, key) ? this.#written[key] : undefined;
  }
}

function shown(written: string): string {
  return written.length < SECRET_CHARS_MIN ? quoted(written) : "what is written";
}
