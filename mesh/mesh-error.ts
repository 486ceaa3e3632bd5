/**
 * Everything that can go wrong between nodes, by name.
 *
 * | code | it means |
 * |---|---|
 * | `invalid_topic` | a topic, a pattern or the name of a group is not written as it must be |
 * | `too_many_subscriptions` | the node holds as many subscriptions as its limit allows |
 */
export type MeshErrorCode = "invalid_topic" | "too_many_subscriptions";

/** The one error class of the mesh. `message` says what happened, to whom, and what to do. */
export class MeshError extends Error {
  override readonly name = "MeshError";
  readonly code: MeshErrorCode;

  constructor(code: MeshErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
