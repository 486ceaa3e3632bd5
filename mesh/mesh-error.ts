/**
 * Everything that can go wrong between nodes, by name.
 *
 * | code | it means |
 * |---|---|
 * | `invalid_topic` | a topic, a pattern, or the name of a group or service is not written as it must be |
 * | `invalid_payload` | a payload cannot be sent: it is no value of MessagePack, or too large |
 * | `too_many_subscriptions` | the node holds as many subscriptions as its limit allows |
 * | `name_taken` | another plugin of this node serves requests of this name |
 * | `unknown_node` | no node of this name is there now |
 * | `unknown_service` | the node, or every node, offers no service of this name |
 * | `request_timeout` | no reply came in time |
 * | `remote_failure` | the service failed; the message is its error's |
 * | `remote_busy` | the other node answers as many requests as it may; the service was not called |
 * | `node_lost` | the node, or the way to it, went while the request was on it: it may have been carried out |
 * | `queue_full` | so much waits for the node already that the request was not sent |
 * | `too_many_requests` | this node waits for as many replies as it may |
 * | `cancelled` | the caller's signal fired, or the node or the plugin stops |
 */
export type MeshErrorCode =
  | "invalid_topic"
  | "invalid_payload"
  | "too_many_subscriptions"
  | "name_taken"
  | "unknown_node"
  | "unknown_service"
  | "request_timeout"
  | "remote_failure"
  | "remote_busy"
  | "node_lost"
  | "queue_full"
  | "too_many_requests"
  | "cancelled";

/** The one error class of the mesh. `message` says what happened, to whom, and what to do. */
export class MeshError extends Error {
  override readonly name = "MeshError";
  readonly code: MeshErrorCode;

  constructor(code: MeshErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
