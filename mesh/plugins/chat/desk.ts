/** What all parts of the relay work with. */

import { MeshError, type PluginNode } from "../../index.ts";
import { EchoGuard } from "./echo-guard.ts";
import { History } from "./history.ts";
import {
  ASKS_MAX,
  ASKS_PERIOD_MS,
  ECHO_LOOKS_FACTOR,
  IDS_AGE_MS,
  READS_FACTOR,
  SEEN_IDS_MAX,
} from "./limits.ts";
import { Mutes } from "./mutes.ts";
import { RateLimits, type RateOptions } from "./rate-limits.ts";
import { SeenIds } from "./seen-ids.ts";
import type { ChatSettings } from "./settings.ts";
import { Trace } from "./trace.ts";

/** The little that the relay needs of its node. */
export interface RelayNode
  extends Pick<PluginNode, "name" | "game" | "log" | "request" | "peers" | "signal"> {
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
  /** Of how often an echo is looked for in what is said here. */
  readonly looks: RateLimits;
  /** Of how many messages from elsewhere are read at all. */
  readonly reads: RateLimits;
  /** Of what comes from elsewhere. */
  readonly ratesElsewhere: RateLimits;
  /** Of what other nodes ask for. */
  readonly asks: RateLimits;
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
  const ids = { idsMax: SEEN_IDS_MAX, ageMs: IDS_AGE_MS };
  return {
    node,
    settings,
    clock,
    trace: new Trace(),
    history: new History(),
    mutes: new Mutes(),
    echo: new EchoGuard({ ageMs: echoMs }),
    rates: new RateLimits(rates),
    looks: new RateLimits(times(ECHO_LOOKS_FACTOR, rates)),
    reads: new RateLimits(times(READS_FACTOR, { ...rates, playerLines: rates.serverLines })),
    // Twice as many, because what left another server in time may arrive in a bunch.
    ratesElsewhere: new RateLimits(times(2, rates)),
    asks: new RateLimits({
      playerLines: ASKS_MAX,
      serverLines: ASKS_MAX,
      periodMs: ASKS_PERIOD_MS,
    }),
    sent: new SeenIds(ids),
    seen: new SeenIds(ids),
    shown: new SeenIds(ids),
  };
}

/** @throws {MeshError} where the node asks too often for what takes long to answer */
export function assertMayAsk({ asks, clock }: Desk, node: string, what: string): void {
  const asker = `${what} ${node}`;
  if (asks.take(asker, asker, clock.now()) === "pass") return;
  throw new MeshError("remote_failure", `${node} asks for the ${what} too often; wait a little`);
}

function times(factor: number, { playerLines, serverLines, periodMs }: RateOptions): RateOptions {
  return { playerLines: factor * playerLines, serverLines: factor * serverLines, periodMs };
}
