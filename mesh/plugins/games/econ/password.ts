import { PASSWORD_BYTES_MAX } from "./limits.ts";

/** Why it cannot be one of an external console, to follow its name; never shows it. */
export function passwordProblem(password: string): string | undefined {
  const isFit =
    password !== "" &&
    Buffer.byteLength(password) <= PASSWORD_BYTES_MAX &&
    !/\p{Cc}/u.test(password);
  if (isFit) return undefined;
  return `must be 1 to ${PASSWORD_BYTES_MAX} bytes without control characters: give the value of the server's ec_password`;
}
