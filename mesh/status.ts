import type { EndpointStatus } from "../src/index.ts";
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
