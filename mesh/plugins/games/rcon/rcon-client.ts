import type { RconError } from "./rcon-error.ts";

/** One connection to the console of a game server; once it is closed, its owner makes another. */
export interface RconClient {
  /**
   * Has the server carry out a command, and answers what it said. Newlines and control characters
   * in a reply are left in.
   *
   * On `timeout` the command may have been carried out all the same. Where only one command may be
   * under way at a time, the connection is closed then.
   *
   * @throws {RconError} `invalid_command`, `queue_full`, `timeout`, `reply_too_long`, `closed`, and
   *   whatever else closed the connection
   */
  request(command: string): Promise<string>;
  /**
   * Has the server carry out a command that may never be answered, such as `changelevel`. Resolves
   * once it is sent, behind all commands before it; whether the server obeyed is not known.
   *
   * @throws {RconError} `invalid_command`, `queue_full`, `timeout`, `closed`, and whatever else
   *   closed the connection
   */
  tell(command: string): Promise<void>;
  /** Resolves with the reason once the connection is over; never rejects. */
  readonly closed: Promise<RconError>;
  /** Closes at once; what waits fails with `closed`. */
  close(): void;
}
