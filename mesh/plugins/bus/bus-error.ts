/**
 * What an application did wrong, by name; what the mesh refuses has the codes of `MeshErrorCode`. [BUS-5]
 *
 * | code | it means |
 * |---|---|
 * | `bad_command` | it is no map of the kind that the clauses name |
 * | `too_large` | the message is longer than any command may be |
 * | `id_in_use` | something else of the same id is open |
 * | `unknown_id` | nothing of this id is open |
 * | `too_many_open` | as much of the kind is open as may be |
 */
export type BusErrorCode =
  | "bad_command"
  | "too_large"
  | "id_in_use"
  | "unknown_id"
  | "too_many_open";

export class BusError extends Error {
  override readonly name = "BusError";
  readonly code: BusErrorCode;

  constructor(code: BusErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
