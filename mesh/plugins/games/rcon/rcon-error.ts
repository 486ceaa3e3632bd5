/**
 * What can go wrong with a game server's console, by name.
 *
 * | code | it means |
 * |---|---|
 * | `invalid_option` | the client cannot be made with these options |
 * | `connect_failed` | no connection came about |
 * | `wrong_password` | the server refused the password, or does not honour it any more |
 * | `timeout` | the server did not answer in time |
 * | `protocol_error` | what the server sent is not RCON |
 * | `closed` | the connection is over, by either side |
 * | `invalid_command` | the command cannot be sent: it is empty, too long or not one line |
 * | `queue_full` | so many commands wait already that this one was not taken |
 * | `reply_too_long` | the reply is longer than a reply may be; the command was carried out |
 */
export type RconErrorCode =
  | "invalid_option"
  | "connect_failed"
  | "wrong_password"
  | "timeout"
  | "protocol_error"
  | "closed"
  | "invalid_command"
  | "queue_full"
  | "reply_too_long";

/**
 * `message` says what happened, where, and what to do. It never quotes the password, a command or
 * what a server sent: each may hold a secret.
 */
export class RconError extends Error {
  override readonly name = "RconError";
  readonly code: RconErrorCode;

  constructor(code: RconErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
