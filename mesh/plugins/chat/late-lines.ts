/** The last lines, for a game that comes up: what was said while it was away. */

import * as v from "valibot";
import { MeshError } from "../../index.ts";
import { assertMayAsk, type Desk } from "./desk.ts";
import type { HistoryLine } from "./history.ts";
import {
  ASKED_AT_ONCE,
  CHANNEL_CHARS_MAX,
  COMINGS_MAX,
  COMINGS_OF_ALL_MAX,
  HISTORY_AGE_MS,
  HISTORY_LINES_MAX,
  MINUTE_MS,
} from "./limits.ts";
import { RateLimits } from "./rate-limits.ts";
import { safeName, safeText } from "./safe-chat.ts";

export const HISTORY_SERVICE = "chat.history";

const ASK_TIMEOUT_MS = 5000;

const Question = v.object({
  channel: v.pipe(v.string(), v.maxLength(CHANNEL_CHARS_MAX)),
  count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(HISTORY_LINES_MAX)),
});

const Told = v.pipe(
  v.array(
    v.object({
      id: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
      ageMs: v.pipe(v.number(), v.minValue(0), v.maxValue(HISTORY_AGE_MS)),
      server: v.pipe(v.string(), v.maxLength(64)),
      player: v.pipe(v.string(), v.maxLength(1000)),
      text: v.pipe(v.string(), v.maxLength(4000)),
    }),
  ),
  v.maxLength(HISTORY_LINES_MAX),
);

export interface LateLinesOptions {
  readonly desk: Desk;
  readonly show: (channel: string, line: HistoryLine) => Promise<void>;
}

/** Nodes to be asked, those that have been there longest first. */
interface Asked {
  /** That have just come. */
  readonly come: readonly string[];
  readonly others: readonly string[];
}

/** `again` where something is to be caught up with since. */
type ShowingState = "idle" | "showing" | "again";

export class LateLines {
  readonly #desk: Desk;
  readonly #show: LateLinesOptions["show"];
  /** How often nodes that come are asked: one that goes and comes without end must not tell without end. */
  readonly #comings: RateLimits = new RateLimits({
    playerLines: COMINGS_MAX,
    serverLines: COMINGS_OF_ALL_MAX,
    periodMs: MINUTE_MS,
  });
  /** Nodes that have come and have not been asked yet. */
  readonly #come = new Set<string>();
  #state: ShowingState = "idle";
  #isAllToAsk = false;

  constructor({ desk, show }: LateLinesOptions) {
    this.#desk = desk;
    this.#show = show;
  }

  /** What another node that has just come is told. Ages, because clocks differ. */
  answer(from: string, asked: unknown): unknown {
    const { history, clock } = this.#desk;
    assertMayAsk(this.#desk, from, "history");
    const question = v.safeParse(Question, asked);
    if (!question.success) {
      throw new MeshError("remote_failure", "ask with {channel: NAME, count: 1 to 100}");
    }
    const { channel, count } = question.output;
    const nowMs = clock.now();
    const lines = history.last(channel, count, nowMs - HISTORY_AGE_MS);
    return lines.map(({ id, atMs, server, player, text }) => {
      return { id, ageMs: Math.max(0, nowMs - atMs), server, player, text };
    });
  }

  /** To be called when lines reach the game, again or for the first time: asks those who are there. */
  async catchUp(): Promise<void> {
    this.#isAllToAsk = true;
    await this.#catchUp();
  }

  /** To be called when a node has come: it may have heard what nobody could tell while it, or this node, was away. */
  async catchUpWith(peer: string): Promise<void> {
    const { node, clock, settings } = this.#desk;
    if (settings.historyLines === 0 || node.game.status?.state !== "up") return;
    if (this.#comings.take(peer, "", clock.now()) !== "pass") return;
    this.#come.add(peer);
    await this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    const { settings, node } = this.#desk;
    if (settings.historyLines === 0) return;
    if (this.#state !== "idle") {
      this.#state = "again";
      return;
    }
    try {
      do {
        this.#state = "showing";
        await this.#catchUpOnce();
      } while (this.#isToBeDoneAgain());
    } catch (error) {
      // The plugin may have been unloaded meanwhile.
      if (!node.signal.aborted) throw error;
    } finally {
      this.#state = "idle";
    }
  }

  #isToBeDoneAgain(): boolean {
    return this.#state === "again";
  }

  async #catchUpOnce(): Promise<void> {
    const { node, settings } = this.#desk;
    // Those that have been there longest know most.
    const peers = node.peers().toSorted((one, other) => one.incarnation - other.incarnation);
    const names = peers.map(({ name }) => name);
    const come = names.filter((name) => this.#come.has(name));
    const others = this.#isAllToAsk ? names.filter((name) => !this.#come.has(name)) : [];
    this.#isAllToAsk = false;
    this.#come.clear();
    for (const channel of settings.receive) await this.#catchUpOn(channel, { come, others });
  }

  async #catchUpOn(channel: string, { come, others }: Asked): Promise<void> {
    const { settings, node, clock, shown } = this.#desk;
    // Each may know what no other does, however much is known here.
    await this.#ask(channel, come, () => false);
    // Those asked first need not be on the channel.
    await this.#ask(channel, others, () => this.#known(channel).length >= settings.historyLines);
    for (const line of this.#known(channel).slice(-settings.historyLines)) {
      const isMissed = line.server !== node.name && shown.add(line.id, clock.now());
      if (isMissed && !this.#isMuted(line)) await this.#show(channel, line);
    }
  }

  /** In the order in which they were said: those of others came in behind those that had come by themselves. */
  #known(channel: string): readonly HistoryLine[] {
    const { history, clock } = this.#desk;
    const known = history.last(channel, HISTORY_LINES_MAX, clock.now() - HISTORY_AGE_MS);
    return known.toSorted((one, other) => one.atMs - other.atMs);
  }

  /** By now; whoever told the line may not have known. */
  #isMuted({ server, player }: HistoryLine): boolean {
    const { mutes, clock } = this.#desk;
    return mutes.isMuted(player === "" ? server : player, server, clock.date()) !== undefined;
  }

  /** A few at once, and then a few more until it is enough. */
  async #ask(channel: string, peers: readonly string[], isEnough: () => boolean): Promise<void> {
    for (let at = 0; at < peers.length; at += ASKED_AT_ONCE) {
      if (at > 0 && isEnough()) return;
      const asked = peers.slice(at, at + ASKED_AT_ONCE);
      await Promise.all(asked.map((peer) => this.#askPeer(channel, peer)));
    }
  }

  async #askPeer(channel: string, peer: string): Promise<void> {
    const { node, settings } = this.#desk;
    const asked = { channel, count: settings.historyLines };
    try {
      const options = { timeoutMs: ASK_TIMEOUT_MS };
      this.#take(channel, await node.request(peer, HISTORY_SERVICE, asked, options));
    } catch (error) {
      // A node without a relay, or one that has gone again.
      if (!(error instanceof MeshError)) throw error;
    }
  }

  #take(channel: string, told: unknown): void {
    const { history, sent, seen, settings, clock } = this.#desk;
    const lines = v.safeParse(Told, told);
    if (!lines.success) return;
    const nowMs = clock.now();
    for (const line of lines.output) {
      const { id, ageMs } = line;
      const text = safeText(line.text);
      // What was said here, or came by itself, is in the history already.
      if (text === undefined || sent.has(id) || !seen.add(id, nowMs)) continue;
      // Who told it may have other filters.
      const [server, player] = [safeName(line.server) ?? "?", safeName(line.player) ?? ""];
      const filtered = settings.filters.applyToLine({ player, team: "", text });
      if (filtered.kind === "drop") continue;
      const { line: passed } = filtered;
      const known = { id, server, player: passed.player, text: passed.text };
      history.add(channel, { ...known, atMs: nowMs - ageMs });
    }
  }
}
