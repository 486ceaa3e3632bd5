/**
 * Keeps bots and bridges that repeat lines from making more of them.
 *
 * | a line is | when |
 * |---|---|
 * | `echo` | it ends with a recent line, its speaker's name and a sign such as `:` or `>` before it: `<Alice> hi`, `[B] bot: [A] Alice: hi` |
 * | `echo` | it holds a recent line of 16 letters or more, or the beginning of one where it was cut, behind its speaker's name |
 * | `echo` | it is a recent line of 16 letters or more of somebody else, or ends with 32 letters or more of any |
 * | `echo` | it is a recent line of the same name on another server |
 * | `echo` | it ends with what the relay has said itself in this game |
 * | `repeated` | its speaker said it within the last three seconds, or said it twice already without a pause of the age |
 * | `repeated` | its speaker said it a second time and somebody else said it, too |
 *
 * Letters are letters and digits of all scripts; case, accents and everything between do not count. A bot that repeats a
 * short text under its own name is taken for a person once, as all those who say `gg` are, and then no more.
 */

import {
  type Candidate,
  candidateOf,
  type EchoLine,
  isEchoOf,
  type SaidLine,
} from "./echo-line.ts";
import { lettersOf } from "./echo-text.ts";
import { ECHO_LINES_MAX, ECHO_LONG_CHARS_MIN, REPEAT_MS, REPEATS_MAX } from "./limits.ts";

export type EchoVerdict = "pass" | "echo" | "repeated";

export interface EchoGuardOptions {
  /** How long a line is remembered since it was last said; echoes that come later are not known. 0 turns the guard off. */
  readonly ageMs: number;
}

export interface SaidCommand extends SaidLine {
  /** What of the text its player has put into words: not to whom it goes. */
  readonly written: string;
}

interface Remembered {
  readonly line: EchoLine;
  readonly atMs: number;
  readonly times: number;
  /** Somebody else had said the same. */
  readonly isCopy: boolean;
  /** Nothing came of it. */
  readonly mayComeAgain: boolean;
}

/** One for all lines that are said in a node's game or come to it. `nowMs` is of a clock that never goes back. */
export class EchoGuard {
  readonly #ageMs: number;
  /** By their keys, those apart by others; the one that was said longest ago first. */
  readonly #recent = new Map<string, Remembered>();

  constructor({ ageMs }: EchoGuardOptions) {
    this.#ageMs = ageMs;
  }

  /** What the line is. It is remembered in any case: what repeats an echo is one, too. */
  check(said: SaidLine, nowMs: number): EchoVerdict {
    const candidate = this.#candidate(said, nowMs);
    if (candidate === undefined) return "pass";
    const isCopy = this.#isCopy(candidate);
    const verdict = this.#verdict(candidate, isCopy, nowMs);
    this.#add(candidate.line, isCopy, nowMs);
    return verdict;
  }

  /**
   * For a command, or what goes to one player alone: it may quote what it likes, but nobody types the same as somebody
   * else did a moment ago; a short text, such as `thanks`, only bots do at once. It is remembered as by {@link check}.
   */
  checkCommand(said: SaidCommand, nowMs: number): EchoVerdict {
    const candidate = this.#candidate(said, nowMs);
    if (candidate === undefined) return "pass";
    const before = this.#recent.get(candidate.line.key);
    const isShort = lettersOf(said.written).letters.length < ECHO_LONG_CHARS_MIN;
    const isCopy = this.#isCopy(candidate, isShort ? nowMs - REPEAT_MS : undefined);
    const isRepeat = before !== undefined && isRepeated(before, isCopy, nowMs);
    if (isRepeat && !before.mayComeAgain) {
      // Apart, lest trying on and on makes it last for ever.
      this.#add({ ...candidate.line, isApart: true }, isCopy, nowMs);
      return "repeated";
    }
    // Who wrote a short one beside a bot, or another, may do so again a little later.
    this.#add(candidate.line, isCopy && !isShort, nowMs);
    return isCopy && before?.mayComeAgain !== true ? "echo" : "pass";
  }

  /** For a command that passed, and then could not be carried out: its player may write it again at once. */
  allowAgain(said: SaidLine): void {
    const { key } = candidateOf(said).line;
    const before = this.#recent.get(key);
    if (before === undefined) return;
    this.#recent.set(key, { ...before, times: before.times - 1, mayComeAgain: true });
  }

  /** For lines that others can see, but that are decided otherwise: a bot must not repeat what a muted player says. */
  remember(said: SaidLine, nowMs: number): void {
    const candidate = this.#candidate(said, nowMs);
    if (candidate !== undefined) this.#add(candidate.line, this.#isCopy(candidate), nowMs);
  }

  #candidate(said: SaidLine, nowMs: number): Candidate | undefined {
    if (this.#ageMs === 0) return undefined;
    this.#forget(nowMs);
    const candidate = candidateOf(said);
    return candidate.line.said === "" ? undefined : candidate;
  }

  #verdict(candidate: Candidate, isCopy: boolean, nowMs: number): EchoVerdict {
    const { line } = candidate;
    const before = this.#recent.get(line.key);
    if (before !== undefined && isRepeated(before, isCopy, nowMs)) return "repeated";
    if (isCopy && line.said.length >= ECHO_LONG_CHARS_MIN) return "echo";
    for (const recent of this.#recent.values()) {
      if (recent.line.key === line.key) continue;
      if (isNamesake(line, recent.line) || isEchoOf(candidate, recent.line)) return "echo";
    }
    return "pass";
  }

  /** Of what was said after `sinceMs`. */
  #isCopy({ line }: Candidate, sinceMs: number = Number.NEGATIVE_INFINITY): boolean {
    for (const recent of this.#recent.values()) {
      const isOfOther = recent.line.said === line.said && recent.line.key !== line.key;
      if (isOfOther && recent.atMs > sinceMs) return true;
    }
    return false;
  }

  #add(line: EchoLine, isCopy: boolean, nowMs: number): void {
    const key = line.isApart ? `apart\0${line.key}` : line.key;
    const before = this.#recent.get(key);
    this.#recent.delete(key);
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined && this.#recent.size >= ECHO_LINES_MAX) this.#recent.delete(oldest);
    this.#recent.set(key, {
      line,
      atMs: nowMs,
      times: (before?.times ?? 0) + 1,
      isCopy: isCopy || before?.isCopy === true,
      mayComeAgain: false,
    });
  }

  #forget(nowMs: number): void {
    for (const [key, { atMs }] of this.#recent) {
      if (nowMs - atMs < this.#ageMs) return;
      this.#recent.delete(key);
    }
  }
}

function isRepeated(before: Remembered, isCopy: boolean, nowMs: number): boolean {
  return nowMs - before.atMs < REPEAT_MS || before.times >= REPEATS_MAX || before.isCopy || isCopy;
}

/** A bridge that speaks under the names of those whose lines it repeats. */
function isNamesake(line: EchoLine, other: EchoLine): boolean {
  return (
    line.name !== "" &&
    line.name === other.name &&
    line.server !== other.server &&
    line.said === other.said
  );
}
