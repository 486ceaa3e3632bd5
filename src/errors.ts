/**
 * Everything that can go wrong with a communication, by name.
 *
 * | code | it means |
 * |---|---|
 * | `invalid_option` | an option is out of range or contradicts another |
 * | `name_taken` | another receiver already answers to this plugin name |
 * | `address_in_use` | another program already listens on that port |
 * | `listen_failed` | the endpoint cannot listen there for another reason |
 * | `connection_refused` | nothing listens on the dialled port |
 * | `host_not_found` | the dialled host name does not resolve |
 * | `connect_timeout` | the dialled host did not answer in time |
 * | `connect_failed` | the connection could not be made for another reason |
 * | `tls_failed` | the TLS handshake failed or the certificate was not accepted |
 * | `accept_timeout` | connected, but the endpoint did not accept the communication in time |
 * | `nobody_home` | no plugin of that name and mode is loaded there, or it was unloaded |
 * | `communication_error` | the plugin on the other side failed |
 * | `protocol_error` | one side sent what the protocol does not allow |
 * | `connection_aborted` | the connection was lost before the communication ended |
 * | `communication_ended` | the communication has ended, so nothing more can be sent |
 * | `request_timeout` | no reply came in time |
 * | `cancelled` | the caller's `AbortSignal` fired |
 * | `too_many_requests` | more requests are in flight than the limit allows |
 * | `message_too_large` | the data does not fit one message |
 * | `send_queue_full` | the other side takes data slower than it is sent |
 * | `bad_data` | something other than bytes or a string was to be sent |
 * | `bad_messagepack` | bytes are not MessagePack or exceed the decode limits, or a value cannot be encoded |
 */
export type CcpErrorCode =
  | "invalid_option"
  | "name_taken"
  | "address_in_use"
  | "listen_failed"
  | "connection_refused"
  | "host_not_found"
  | "connect_timeout"
  | "connect_failed"
  | "tls_failed"
  | "accept_timeout"
  | "nobody_home"
  | "communication_error"
  | "protocol_error"
  | "connection_aborted"
  | "communication_ended"
  | "request_timeout"
  | "cancelled"
  | "too_many_requests"
  | "message_too_large"
  | "send_queue_full"
  | "bad_data"
  | "bad_messagepack";

/** The one error class of the protocol library. `cause` holds the system's own error where there is one. */
export class CcpError extends Error {
  override readonly name = "CcpError";
  readonly code: CcpErrorCode;

  constructor(code: CcpErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
