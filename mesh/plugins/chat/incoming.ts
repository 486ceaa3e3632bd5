/** From the other nodes to the game. */

import type { GameLine, Message } from "../../index.ts";
import type { Desk } from "./desk.ts";
import type { HistoryLine } from "./history.ts";
import { LINES_SAID_MAX } from "./limits.ts";
import { isNotGiven, type Outcome, outcomeOfSaying } from "./outcome.ts";
import { type RelayLine, readRelayLine } from "./relay-line.ts";
import { INCOMING } from "./settings.ts";

export interface IncomingOptions {
  readonly desk: Desk;
  /** Tells the node that sent the line what became of it. */
  readonly sendReceipt: (node: string, id: string, outcome: Outcome) => void;
}

const NOTHING: RelayLine = {
  id: undefined,
  type: "chat",
  audience: "all",
  player: "",
  team: "",
  text: "",
};

export class Incoming {
  readonly #desk: Desk;
  readonly #sendReceipt: IncomingOptions["sendReceipt"];
  /** Lines for which the game has no answer yet. */
  #saying = 0;

  constructor({ desk, sendReceipt }: IncomingOptions) {
    this.#desk = desk;
    this.#sendReceipt = sendReceipt;
  }

  /** Hands the line to the game, and waits for no answer: a slow console must not make those behind it stale. */
  take(channel: string, message: Message): void {
    const { trace, reads, clock } = this.#desk;
    const { from } = message;
    if (reads.take(from, from, clock.now()) !== "pass") {
      trace.count("server_rate");
      return;
    }
    this.#take(channel, message).catch((error: unknown) => {
      const { node } = this.#desk;
      // The plugin may have been unloaded before the game answered.
      if (!node.signal.aborted) node.log.error("a line of chat could not be shown", { error });
    });
  }

  async #take(channel: string, message: Message): Promise<void> {
    const { from } = message;
    const line = read(message);
    const outcome = line === undefined ? "bad_message" : await this.#outcomeOf(channel, from, line);
    this.#tell(channel, from, line ?? NOTHING, outcome);
  }

  /** Shows a line of the past. */
  async showPast(channel: string, past: HistoryLine): Promise<void> {
    const { id, server: from, player, text } = past;
    const { echo, clock, shown, node } = this.#desk;
    const line: RelayLine = { ...NOTHING, id, player, text };
    // A bot in the game repeats it as any other.
    echo.remember({ server: from, player, text }, clock.now());
    const outcome = outcomeOfSaying(await node.game.say(this.#shown(channel, from, line)));
    if (isNotGiven(outcome)) shown.remove(id);
    this.#note(channel, from, line, outcome);
  }

  async #outcomeOf(channel: string, from: string, line: RelayLine): Promise<Outcome> {
    const { node, settings, clock, echo, sent, seen, shown, history } = this.#desk;
    const { id } = line;
    if (id !== undefined && from === node.name && sent.has(id)) return "own";
    if (id !== undefined && !seen.add(id, clock.now())) return "duplicate";
    if (line.text === "") return "empty";
    const refused = this.#refusalOf(from, line);
    if (refused !== undefined) return refused;
    const filtered = settings.filters.applyToLine(line);
    if (filtered.kind === "drop") return "filtered";
    const { player, text } = filtered.line;
    // A bot in the game repeats what it sees there.
    if (text !== line.text || player !== line.player) {
      echo.remember({ server: from, player, text }, clock.now());
    }
    if (id !== undefined && line.audience === "all") {
      history.add(channel, { id, atMs: clock.now(), server: from, player, text });
    }
    // Before the console answers, lest the game comes up meanwhile and is shown it as a line of the past.
    if (id !== undefined) shown.add(id, clock.now());
    const outcome = await this.#say(this.#shown(channel, from, filtered.line));
    if (isNotGiven(outcome) && id !== undefined) shown.remove(id);
    return outcome;
  }

  async #say(line: GameLine): Promise<Outcome> {
    if (this.#saying >= LINES_SAID_MAX) return "queue_full";
    this.#saying += 1;
    try {
      return outcomeOfSaying(await this.#desk.node.game.say(line));
    } finally {
      this.#saying -= 1;
    }
  }

  #refusalOf(from: string, { type, player, text, audience }: RelayLine): Outcome | undefined {
    const { settings, clock, mutes, echo, ratesElsewhere } = this.#desk;
    const speaker = player === "" ? from : player;
    const said = { server: from, player, text };
    if (audience === "admin" && settings.adminChannels.length === 0) return "not_received_here";
    // Before any echo is looked for: that takes some milliseconds of a hostile text, and floods come in thousands.
    const rate = ratesElsewhere.take(`${speaker}@${from}`, from, clock.now());
    if (mutes.isMuted(speaker, from, clock.date()) !== undefined) {
      if (rate === "pass") echo.remember(said, clock.now());
      return "muted";
    }
    if (rate !== "pass") return rate;
    // What a node says of its game is no bot's, and the last one of several counts: down, up, down.
    if (type === "notice" && player === "") {
      echo.remember(said, clock.now());
      return undefined;
    }
    const verdict = echo.check(said, clock.now());
    return verdict === "pass" ? undefined : verdict;
  }

  #shown(channel: string, from: string, line: RelayLine): GameLine {
    const { incoming } = this.#desk.settings;
    const { player, team, text, audience } = line;
    const isForAdmins = audience === "admin" && { audience };
    // Nobody in particular: an application, or a notice.
    if (incoming === undefined && player === "") {
      return { text: `[${from}] ${text}`, ...isForAdmins };
    }
    const parts = { server: from, player: player === "" ? from : player, text, channel, team };
    const whole = (incoming ?? INCOMING).apply(parts);
    if (incoming !== undefined) return { text: whole, ...isForAdmins };
    return { text: whole, origin: { server: from, player, text }, ...isForAdmins };
  }

  #tell(channel: string, from: string, line: RelayLine, outcome: Outcome): void {
    const { node, trace } = this.#desk;
    // Each of its own lines comes back once a channel: that is counted, and says nothing.
    if (outcome === "own") {
      trace.count(outcome);
      return;
    }
    this.#note(channel, from, line, outcome);
    if (line.id !== undefined && from !== node.name && outcome !== "duplicate") {
      this.#sendReceipt(from, line.id, outcome);
    }
  }

  #note(channel: string, from: string, line: RelayLine, outcome: Outcome): void {
    const { node, trace, clock } = this.#desk;
    const { id = "", player, text } = line;
    const decision = { id, channel, from: { node: from, player }, to: node.name, text, outcome };
    trace.note(decision, clock.date());
  }
}

function read(message: Message): RelayLine | undefined {
  try {
    return readRelayLine(message.payload);
  } catch {
    // It is no MessagePack.
    return undefined;
  }
}
