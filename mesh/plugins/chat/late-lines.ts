/** The last lines, for a game that comes up: what was said while it was away. */

import * as v from "valibot";
import { MeshError } from "../../index.ts";
import { assertMayAsk, type Desk } from "./desk.ts";
import type { HistoryLine } from "./history.ts";
import { CHANNEL_CHARS_MAX, HISTORY_AGE_MS, HISTORY_LINES_MAX } from "./limits.ts";
import { safeName, safeText } from "./safe-chat.ts";

export const HISTORY_SERVICE = "chat.history";

const ASK_TIMEOUT_MS = 5000;

const Asked = v.object({
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

export class LateLines {
  readonly #desk: Desk;
  readonly #show: LateLinesOptions["show"];
  #isShowing = false;

  constructor({ desk, show }: LateLinesOptions) {
    this.#desk = desk;
    this.#show = show;
  }

  /** What another node that has just come is told. Ages, because clocks differ. */
  answer(from: string, asked: unknown): unknown {
    const { history, clock } = this.#desk;
    assertMayAsk(this.#desk, from, "history");
    const question = v.safeParse(Asked, asked);
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

  /** To be called when the game is up. */
  async catchUp(): Promise<void> {
    const { settings, node } = this.#desk;
    if (settings.historyLines === 0 || this.#isShowing) return;
    this.#isShowing = true;
    try {
      for (const channel of settings.receive) await this.#catchUpOn(channel);
    } catch (error) {
      // The plugin may have been unloaded meanwhile.
      if (!node.signal.aborted) throw error;
    } finally {
      this.#isShowing = false;
    }
  }

  async #catchUpOn(channel: string): Promise<void> {
    const { settings, history, clock, node, shown } = this.#desk;
    await this.#askOthers(channel);
    const since = clock.now() - HISTORY_AGE_MS;
    // Those of others came in behind those that had come by themselves.
    const known = history.last(channel, HISTORY_LINES_MAX, since);
    const lines = known.toSorted((one, other) => one.atMs - other.atMs);
    for (const line of lines.slice(-settings.historyLines)) {
      const isMissed = line.server !== node.name && shown.add(line.id, clock.now());
      if (isMissed && !this.#isMuted(line)) await this.#show(channel, line);
    }
  }

  /** By now; whoever told the line may not have known. */
  #isMuted({ server, player }: HistoryLine): boolean {
    const { mutes, clock } = this.#desk;
    return mutes.isMuted(player === "" ? server : player, server, clock.date()) !== undefined;
  }

  /** The node that has been there longest knows most. */
  async #askOthers(channel: string): Promise<void> {
    const { node, settings } = this.#desk;
    const peers = node.peers().toSorted((one, other) => one.incarnation - other.incarnation);
    for (const { name } of peers.slice(0, 3)) {
      try {
        const asked = { channel, count: settings.historyLines };
        const told = await node.request(name, HISTORY_SERVICE, asked, {
          timeoutMs: ASK_TIMEOUT_MS,
        });
        this.#take(channel, told);
        return;
      } catch (error) {
        if (!(error instanceof MeshError)) throw error;
      }
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
      const filtered = settings.filters.apply(text);
      if (filtered.kind === "drop") continue;
      const [server, player] = [safeName(line.server) ?? "?", safeName(line.player) ?? ""];
      history.add(channel, { id, atMs: nowMs - ageMs, server, player, text: filtered.text });
    }
  }
}
