import type { EndpointStatus } from "../src/index.ts";
import type { PeerStatus as KnownPeer, PeerState } from "./cluster/peer-status.ts";
import type { DurableStatus } from "./durable/durable.ts";
import type { GameStatus } from "./game/game.ts";
import type { LinkCounters, LinkDirection } from "./link/peer-link.ts";
import type { MeshLimits } from "./mesh-limits.ts";
import type { MessagingStatus } from "./messaging/messaging-status.ts";
import type { PluginStatus } from "./plugin-host.ts";

/**
 * | state | it means |
 * |---|---|
 * | `starting` | it does not listen, or its plugins are loading |
 * | `ready` | it listens, and every plugin was tried |
 * | `draining` | it was told to stop and finishes what is under way |
 * | `stopped` | nothing is left |
 */
export type NodeState = "starting" | "ready" | "draining" | "stopped";

/** What `/api/status` tells, as JSON. */
export interface NodeStatus {
  readonly node: {
    readonly name: string;
    readonly state: NodeState;
    readonly version: string;
    readonly bun: string;
    /** ISO 8601. */
    readonly startedAt: string;
    readonly uptimeMs: number;
  };
  readonly endpoint: Omit<EndpointStatus, "limits" | "counters"> & {
    readonly counters: Omit<EndpointStatus["counters"], "refusals">;
  };
  /** `null` where the node has no mesh. */
  readonly mesh: MeshStatus | null;
  /** Counts from the start of the node, with or without a mesh. */
  readonly messaging: MessagingStatus;
  /** What waits on the disk; `null` while nothing has been kept there. */
  readonly durable: DurableStatus | null;
  /** `null` where the node has no game. */
  readonly game: GameStatus | null;
  readonly plugins: readonly PluginStatus[];
  /** How often the endpoint closed a connection or ended a communication, by reason. */
  readonly refusals: EndpointStatus["counters"]["refusals"];
  readonly limits: EndpointStatus["limits"];
  readonly process: {
    readonly residentBytes: number;
    /** Errors that nothing caught since the start; the node went on. */
    readonly uncaughtErrors: number;
  };
}

export interface MeshStatus {
  readonly cluster: string;
  /** 32 hexadecimal digits, others at each start. */
  readonly instance: string;
  /** Greater at each start. */
  readonly incarnation: number;
  readonly peers: readonly PeerStatus[];
  readonly limits: MeshLimits;
}

/** Another node of the cluster, or an address from the config at which there may be one. */
export interface PeerStatus {
  /** `null` while nobody has answered at the address. */
  readonly name: string | null;
  readonly state: PeerState;
  /** `host:port`; of an accepted link, where the connection comes from. */
  readonly address: string | null;
  /** Of the last ping. */
  readonly rttMs: number | null;
  readonly direction: LinkDirection | null;
  /** The name of the node that carries. */
  readonly via: string | null;
  readonly instance: string | null;
  readonly incarnation: number | null;
  readonly upForMs: number | null;
  /** Bytes that wait to be taken. */
  readonly queuedBytes: number;
  /** Of the link. */
  readonly counters: Readonly<LinkCounters> | null;
  /** Why there is no link, or why the last one went; `at` as in ISO 8601. */
  readonly lastError: { readonly text: string; readonly at: string } | null;
  readonly retryInMs: number | null;
}

/** A peer as JSON tells of it, where what is not known is `null` rather than left out. */
export function peerStatusOf(peer: KnownPeer): PeerStatus {
  return {
    name: peer.name ?? null,
    state: peer.state,
    address: peer.address ?? null,
    // To the microsecond, and what is counted in minutes to the millisecond.
    rttMs: peer.rttMs === undefined ? null : Math.round(peer.rttMs * 1000) / 1000,
    direction: peer.direction ?? null,
    via: peer.via ?? null,
    instance: peer.instance ?? null,
    incarnation: peer.incarnation ?? null,
    upForMs: peer.upForMs === undefined ? null : Math.round(peer.upForMs),
    queuedBytes: peer.queuedBytes,
    counters: peer.counters ?? null,
    lastError: peer.lastError ?? null,
    retryInMs: peer.retryInMs === undefined ? null : Math.round(peer.retryInMs),
  };
}
