/**
 * What can go wrong with a server's admin port, by name.
 *
 * | code | it means |
 * |---|---|
 * | `invalid_option` | the client was given what no server can take, an overlong password for example |
 * | `connect_failed` | no connection came about |
 * | `wrong_password` | the server closed, or said so, when it got the password |
 * | `login_refused` | the server lets nobody in, or not in this way: it is full, bans the address, or wants a key |
 * | `timeout` | the server did not connect, let in, or answer in time |
 * | `protocol_error` | the server sent what cannot be read, or could not read what it got |
 * | `closed` | the connection is closed |
 * | `cancelled` | the caller's signal fired, or the client was closed by its owner |
 * | `queue_full` | so much waits for the server already that this was not sent |
 * | `invalid_command` | a console command is empty, too long, or holds characters that the console does not take |
 */
export type OpenttdErrorCode =
  | "invalid_option"
  | "connect_failed"
  | "wrong_password"
  | "login_refused"
  | "timeout"
  | "protocol_error"
  | "closed"
  | "cancelled"
  | "queue_full"
  | "invalid_command";

/** The one error class of this client. No text of it ever holds the password. */
export class OpenttdError extends Error {
  override readonly name = "OpenttdError";
  readonly code: OpenttdErrorCode;

  constructor(code: OpenttdErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
