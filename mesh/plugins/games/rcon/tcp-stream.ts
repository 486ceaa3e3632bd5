import { addressText, DialError, type DialOptions, dialTcp } from "../tcp-connection.ts";
import type { ByteStream, ByteStreamHandler } from "./byte-stream.ts";
import { RconError } from "./rcon-error.ts";

export interface TcpOptions extends Omit<DialOptions, "queueBytesMax"> {
  /** Connected: answers who handles the connection. */
  readonly open: (stream: ByteStream) => ByteStreamHandler;
}

/** A session writes little more while something waits: this is several of the longest commands. */
const QUEUE_BYTES_MAX: number = 64 * 1024;

/**
 * Dials; resolves after `open` was called.
 *
 * @throws {RconError} `connect_failed`, `timeout`, `closed` if the signal fired
 */
export async function connectTcp(options: TcpOptions): Promise<void> {
  let handler: ByteStreamHandler | undefined;
  try {
    await dialTcp(
      { ...options, queueBytesMax: QUEUE_BYTES_MAX },
      {
        onOpen: (connection) => {
          handler = options.open(connection);
        },
        onData: (chunk) => handler?.onData(chunk),
        onDrain: () => handler?.onDrain(),
        onClosed: () => handler?.onClose(),
      },
    );
  } catch (error) {
    throw error instanceof DialError ? connectError(options, error) : error;
  }
}

function connectError(
  { host, port, timeoutMs }: TcpOptions,
  { code, cause }: DialError,
): RconError {
  const where = addressText(host, port);
  switch (code) {
    case "cancelled":
      return new RconError("closed", `dialling ${where} was given up`);
    case "timeout": {
      const text = `${where} did not answer within ${timeoutMs} ms; is a firewall in between?`;
      return new RconError("timeout", text);
    }
    case "refused": {
      const text = `${where} refused the connection; does the server run, with RCON switched on at this port?`;
      return new RconError("connect_failed", text, { cause });
    }
    case "failed": {
      const text = `cannot connect to ${where}; is the host name right, and the server up?`;
      return new RconError("connect_failed", text, { cause });
    }
  }
}
