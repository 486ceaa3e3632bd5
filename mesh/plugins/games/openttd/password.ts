import { PASSWORD_BYTES_MAX } from "./limits.ts";
import { OpenttdError } from "./openttd-error.ts";

/**
 * The game cuts a longer one, and puts question marks into others: they would never be right.
 *
 * @throws {OpenttdError} `invalid_option`
 */
export function assertPassword(password: string): void {
  const isFit =
    password !== "" &&
    Buffer.byteLength(password) <= PASSWORD_BYTES_MAX &&
    !/[\p{Cc}\p{Cs}]/u.test(password);
  if (isFit) return;
  throw new OpenttdError(
    "invalid_option",
    `the admin password must be 1 to ${PASSWORD_BYTES_MAX} bytes long and hold no control characters; choose another in the game's secrets.cfg (or openttd.cfg) and here`,
  );
}
