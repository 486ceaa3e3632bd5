/** What all parts of the relay work with. */

import type { PluginNode } from "../../index.ts";
import { EchoGuard } from "./echo-guard.ts";
import { History } from "./history.ts";
import { SEEN_ID_AGE_MS, SEEN_IDS_MAX } from "./limits.ts";
import { Mutes } from "./mutes.ts";
import { RateLimits } from "./rate-limits.ts";
import { SeenIds } from "./seen-ids.ts";
import type { ChatSettings } from "./settings.ts";
import { Trace } from "./trace.ts";

/** The little that the relay needs of its node. */
export interface RelayNode extends Pick<PluginNode, "name" | "game" | "log" | "request" | "peers"> {
  publish(topic: string, payload: unknown): boolean;
}

export interface RelayClock {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Milliseconds since 1970. */
  date(): number;
}

export const SYSTEM_CLOCK: RelayClock = { now: () => performance.now(), date: () => Date.now() };

export interface Desk {
  readonly node: RelayNode;
  readonly settings: ChatSettings;
  readonly clock: RelayClock;
  readonly trace: Trace;
  readonly history: History;
  readonly mutes: Mutes;
  readonly echo: EchoGuard;
  /** Of what is said here. */
  readonly rates: RateLimits;
  /** Of what comes from elsewhere. */
  readonly ratesElsewhere: RateLimits;
  /** Messages that this relay has sent, and those that it has had. */
  readonly sent: SeenIds;
  readonly seen: SeenIds;
  /** Those that the game has shown. */
  readonly shown: SeenIds;
}

export function newDesk(
  node: RelayNode,
  settings: ChatSettings,
  clock: RelayClock = SYSTEM_CLOCK,
): Desk {
  const { rates, echoMs } = settings;
  const ids = { idsMax: SEEN_IDS_MAX, ageMs: SEEN_ID_AGE_MS };
  return {
    node,
    settings,
    clock,
    trace: new Trace(),
    history: new History(),
    mutes: new Mutes(),
    echo: new EchoGuard({ ageMs: echoMs }),
    rates: new RateLimits(rates),
    // Twice as many, because what left another server in time may arrive in a bunch.
    ratesElsewhere: new RateLimits({
      ...rates,
      playerLines: 2 * rates.playerLines,
      serverLines: 2 * rates.serverLines,
    }),
    sent: new SeenIds(ids),
    seen: new SeenIds(ids),
    shown: new SeenIds(ids),
  };
}
