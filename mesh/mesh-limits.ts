/** Every bound of the mesh that an operator may change: its default, its unit and the reason. */

const KiB = 1024;
const MiB = 1024 * KiB;

export interface MeshLimits {
  /** Nodes of the cluster that this node knows at once, besides itself. */
  readonly meshNodesMax: number;
  /** Time for a link to be set up, from the connection on. */
  readonly meshSetupTimeoutMs: number;
  /** Time between two pings on a link. */
  readonly meshPingIntervalMs: number;
  /** Silence after which a peer is down. */
  readonly meshSilenceTimeoutMs: number;
  /** Time after which a peer that takes nothing of what waits for it is down. */
  readonly meshStallTimeoutMs: number;
  /** Bytes that may wait for one node, and 64 KiB for heads; past it messages for it are dropped and counted. */
  readonly meshQueueBytesMax: number;
  /** Bytes that may wait for all nodes together; past it none has more than `meshHighWaterBytes`. */
  readonly meshMemoryBytesMax: number;
  /** Bytes that wait for one node from which `publish` answers `false`. */
  readonly meshHighWaterBytes: number;
  /** Longest payload of a message, a request or a reply. */
  readonly meshPayloadBytesMax: number;
  /** Requests of this node, to all others together, that may wait for their replies. */
  readonly meshRequestsMax: number;
  /** Requests of one other node that may be answered here at once. */
  readonly meshRequestsPerNodeMax: number;
  /** Time for a reply, unless the request says otherwise. */
  readonly meshRequestTimeoutMs: number;
  /** Subscriptions of this node, all plugins and local applications together. */
  readonly meshSubscriptionsMax: number;
}

export const DEFAULT_MESH_LIMITS: MeshLimits = {
  // Every pair has a link, so beyond this a broker is the better way.
  meshNodesMax: 256,
  // Ten round trips on a bad line.
  meshSetupTimeoutMs: 3000,
  // Three may be lost before a peer counts as down.
  meshPingIntervalMs: 2000,
  // Longer than a map change keeps a game server's machine busy.
  meshSilenceTimeoutMs: 8000,
  // A little more than the silence, which usually comes first.
  meshStallTimeoutMs: 10_000,
  // Two payloads of the greatest size, or seconds of chat of a whole cluster.
  meshQueueBytesMax: 16 * MiB,
  // Eight nodes that take nothing; what a game server's machine can spare in the worst case.
  meshMemoryBytesMax: 128 * MiB,
  // As the endpoint's sendHighWaterBytes.
  meshHighWaterBytes: MiB,
  // Half the queue, so that one never fills it; larger things are sent in parts.
  meshPayloadBytesMax: 8 * MiB,
  // As a client's requestsInFlightMax.
  meshRequestsMax: 16_384,
  // As the endpoint's requestsInFlightMax.
  meshRequestsPerNodeMax: 1024,
  // What a plugin that asks a database or a web service needs at most.
  meshRequestTimeoutMs: 30_000,
  // A plugin has a handful; one that subscribes for each player and forgets to stop is found out.
  meshSubscriptionsMax: 10_000,
};
