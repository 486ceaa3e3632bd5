import { RconError } from "./rcon-error.ts";

/** A newline would begin another command, a NUL end the packet; no command needs the others. */
const CONTROL = /\p{Cc}/u;

/**
 * A command as it is sent.
 *
 * @throws {RconError} `invalid_command`
 */
export function commandBytes(command: string, bytesMax: number): Uint8Array {
  // Where there are more characters than bytes may be, there is no need to encode them.
  const bytes = command.length > bytesMax ? undefined : new TextEncoder().encode(command);
  if (bytes === undefined || bytes.length > bytesMax) {
    const text = `a command has ${bytesMax} bytes at most here, and this one has more: cut it`;
    throw new RconError("invalid_command", text);
  }
  if (bytes.length === 0) throw new RconError("invalid_command", "a command cannot be empty");
  if (CONTROL.test(command)) {
    const text = "a command is one line without control characters: remove them";
    throw new RconError("invalid_command", text);
  }
  return bytes;
}
