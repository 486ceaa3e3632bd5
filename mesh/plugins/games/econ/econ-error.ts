/**
 * Why there is no console, or none any more.
 *
 * | code | it means |
 * |---|---|
 * | `invalid_option` | the password cannot be one of an external console |
 * | `connect_failed` | nothing could be reached at the address |
 * | `refused` | the server sent the client away before the login |
 * | `wrong_password` | the server did not take the password |
 * | `timeout` | the server did not answer in time |
 * | `protocol_error` | what came is not what an external console sends |
 * | `closed` | the server closed the connection, or stopped |
 */
export type EconErrorCode =
  | "invalid_option"
  | "connect_failed"
  | "refused"
  | "wrong_password"
  | "timeout"
  | "protocol_error"
  | "closed";

/** The one error class of the console. `message` says what happened, where, and what to do. */
export class EconError extends Error {
  override readonly name = "EconError";
  readonly code: EconErrorCode;

  constructor(code: EconErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
