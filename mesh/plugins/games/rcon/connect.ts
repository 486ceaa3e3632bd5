import { SYSTEM_CLOCK } from "../../../index.ts";
import { addressText } from "../tcp-connection.ts";
import type { ByteStream } from "./byte-stream.ts";
import { type RconDialect, SOURCE } from "./dialect.ts";
import { RCON_LIMITS, type RconLimits } from "./limits.ts";
import type { RconClient } from "./rcon-client.ts";
import { RconError } from "./rcon-error.ts";
import { Session } from "./session.ts";
import { connectTcp } from "./tcp-stream.ts";

export interface RconOptions {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** Default: `SOURCE`. */
  readonly dialect?: RconDialect;
  readonly limits?: Readonly<Partial<RconLimits>>;
  /** Gives the attempt up; once connected it does nothing. */
  readonly signal?: AbortSignal;
}

/**
 * Connects to the console of a game server and logs in.
 *
 * @throws {RconError} `invalid_option`, `connect_failed`, `wrong_password`, `timeout`,
 *   `protocol_error`, `closed`
 */
export async function connectRcon(options: RconOptions): Promise<RconClient> {
  const { host, port, dialect = SOURCE, signal } = options;
  const password = passwordBytes(options.password, dialect);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RconError("invalid_option", `a port is a number from 1 to 65535, not ${port}`);
  }
  const limits: RconLimits = { ...RCON_LIMITS, ...options.limits };
  const where = addressText(host, port);
  const { promise, resolve } = Promise.withResolvers<Session>();
  await connectTcp({
    host,
    port,
    timeoutMs: limits.connectTimeoutMs,
    signal,
    open: (stream: ByteStream) => {
      const session = new Session({ stream, where, dialect, limits, clock: SYSTEM_CLOCK });
      resolve(session);
      return session;
    },
  });
  const session = await promise;
  await loginUnlessAborted(session, password, signal);
  return session;
}

async function loginUnlessAborted(
  session: Session,
  password: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const onAbort = (): void => session.close();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const loggedIn = session.login(password);
    if (signal?.aborted === true) session.close();
    await loggedIn;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

function passwordBytes(password: string, { commandBytesMax }: RconDialect): Uint8Array {
  const bytes = new TextEncoder().encode(password);
  if (bytes.length === 0) {
    const text = "RCON needs a password; servers without one answer nobody";
    throw new RconError("invalid_option", text);
  }
  if (bytes.length > commandBytesMax || bytes.includes(0)) {
    const text = `a password of RCON has ${commandBytesMax} bytes at most and no NUL among them; correct it`;
    throw new RconError("invalid_option", text);
  }
  return bytes;
}
