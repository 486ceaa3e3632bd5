/** Mutes as people set them, and as nodes tell each other. */

import * as v from "valibot";
import { AdminProblem, MeshError, type Message } from "../../index.ts";
import { assertMayAsk, type Desk } from "./desk.ts";
import { MINUTE_MS, MUTES_LOGGED_MAX } from "./limits.ts";
import { type MuteEntry, muteTargetText, parseMutes, parseMuteTarget } from "./mute-entry.ts";
import type { MuteStore } from "./mute-store.ts";
import type { MuteChanges } from "./mutes.ts";
import { RateLimits } from "./rate-limits.ts";

export const MUTES_TOPIC = "relay.mutes";
export const MUTES_SERVICE = "chat.mutes";

/** More than a hundred years, in seconds. */
const SECONDS_MAX = 4_000_000_000;

/** For a node that has just come up and has much else to do. */
const ASK_TIMEOUT_MS = 10_000;

const Asked = v.strictObject({
  who: v.string(),
  seconds: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(SECONDS_MAX))),
  reason: v.optional(v.string(), ""),
  by: v.optional(v.string(), ""),
});

export const MUTE_USAGE =
  'send {"who": "Bob", "Bob@server" or "@server", "seconds": N or nothing for ever, "reason": TEXT, "by": TEXT}';

export class MuteDesk {
  readonly #desk: Desk;
  readonly #store: Pick<MuteStore, "save">;
  readonly #logged: RateLimits = new RateLimits({
    playerLines: MUTES_LOGGED_MAX,
    serverLines: MUTES_LOGGED_MAX,
    periodMs: MINUTE_MS,
  });

  constructor(desk: Desk, store: Pick<MuteStore, "save">, entries: readonly MuteEntry[]) {
    this.#desk = desk;
    this.#store = store;
    desk.mutes.merge(entries, desk.clock.date());
  }

  /** Those that count now, as people read them. */
  list(): unknown[] {
    const { mutes, clock } = this.#desk;
    return mutes.list(clock.date()).map((entry) => ({
      who: muteTargetText(entry),
      until: entry.untilMs === null ? null : new Date(entry.untilMs),
      by: entry.by,
      reason: entry.reason,
    }));
  }

  /** @throws {AdminProblem} where it is not understood */
  mute(asked: unknown, by: string): unknown {
    const { mutes, clock } = this.#desk;
    const { target, seconds, reason, who } = parsed(asked, by);
    const nowMs = clock.date();
    const untilMs = seconds === undefined ? null : nowMs + Math.round(seconds * 1000);
    this.#spread(mutes.mute({ ...target, untilMs, reason, by: who }, nowMs));
    return { ok: true, mutes: this.list() };
  }

  /** @throws {AdminProblem} where it is not understood */
  unmute(asked: unknown, by: string): unknown {
    const { mutes, clock } = this.#desk;
    const { target, who } = parsed(asked, by);
    const changes = mutes.lift(target, who, clock.date());
    if (changes.changed.length === 0) {
      throw new AdminProblem(
        404,
        `${muteTargetText(target)} is not muted; GET /api/chat/mutes lists who is`,
      );
    }
    this.#spread(changes);
    return { ok: true, mutes: this.list() };
  }

  /** All that this node knows, for one that has come. */
  answer(from: string): readonly MuteEntry[] {
    assertMayAsk(this.#desk, from, "mutes");
    return this.#desk.mutes.all();
  }

  /** What another node has changed. */
  takeChange(message: Message): void {
    if (message.from !== this.#desk.node.name) this.#merge(message.payload);
  }

  /** Asks a node that has come for what it knows; each asks the other, so that both know all. */
  async askPeer(name: string): Promise<void> {
    const { node } = this.#desk;
    try {
      this.#merge(await node.request(name, MUTES_SERVICE, null, { timeoutMs: ASK_TIMEOUT_MS }));
    } catch (error) {
      if (node.signal.aborted) return;
      // A node without a relay, or one that has gone again.
      if (!(error instanceof MeshError)) throw error;
      node.log.debug("a node does not tell its mutes", { peer: name, error });
    }
  }

  #merge(value: unknown): void {
    const { mutes, clock } = this.#desk;
    this.#keep(mutes.merge(parseMutes(value).entries, clock.date()));
  }

  #spread(changes: MuteChanges): void {
    if (changes.changed.length > 0) this.#desk.node.publish(MUTES_TOPIC, changes.changed);
    this.#keep(changes);
  }

  #keep({ changed, gaveWay }: MuteChanges): void {
    const { node, mutes } = this.#desk;
    for (const entry of changed) {
      if (!this.#mayLog()) continue;
      const who = muteTargetText(entry);
      node.log.info(entry.state === "muted" ? "muted" : "no longer muted", { who, by: entry.by });
    }
    if (gaveWay.length > 0 && this.#mayLog()) {
      const whose = gaveWay.map(muteTargetText).slice(0, 10);
      node.log.warn("there are too many mutes; those that were over soonest gave way", { whose });
    }
    if (changed.length + gaveWay.length > 0) this.#store.save(() => mutes.all());
  }

  /** What other nodes tell must not fill the disk. */
  #mayLog(): boolean {
    return this.#logged.take("", "", this.#desk.clock.now()) === "pass";
  }
}

function parsed(asked: unknown, by: string) {
  const result = v.safeParse(Asked, asked);
  if (!result.success) throw new AdminProblem(400, MUTE_USAGE);
  const { who: written, seconds, reason, by: named } = result.output;
  const target = parseMuteTarget(written);
  if (target === undefined) throw new AdminProblem(400, MUTE_USAGE);
  return { target, seconds, reason, who: named === "" ? by : named };
}
