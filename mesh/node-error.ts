/**
 * Why a node could not start.
 *
 * | code | it means |
 * |---|---|
 * | `port_in_use` | another program listens on the port |
 * | `listen_failed` | the address cannot be listened on for another reason |
 * | `tls_unusable` | the certificate or its key cannot be read or used |
 * | `data_unusable` | what must last cannot be written to the data folder |
 */
export type NodeErrorCode = "port_in_use" | "listen_failed" | "tls_unusable" | "data_unusable";

/** `message` says what to change in the config. */
export class NodeError extends Error {
  override readonly name = "NodeError";
  readonly code: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
