/** Goes on with TLS 1.3 on a connection that has carried something else so far. */

import type { Socket } from "bun";
import { CcpError } from "./errors.ts";
import { acceptorTls, diallerTls, type UpgradeTls } from "./tls-options.ts";
import type { SecureTransport, Transport, TransportHandler } from "./transport.ts";

/** Who waits for TLS, and then answers who handles the connection. */
export interface UpgradeHandler {
  /** TLS 1.3 is up. */
  onSecure(transport: SecureTransport): TransportHandler;
  /** It will never be; the connection is closed after this. */
  onUpgradeFailed(why: string, cause: Error | null): void;
  /** The connection is over, and TLS was never up. */
  onClose(): void;
}

export interface UpgradeOptions {
  readonly side: "acceptor" | "dialler";
  /** An acceptor has some; a dialler without trusts nobody and checks nothing. */
  readonly tls: UpgradeTls | undefined;
  readonly handler: UpgradeHandler;
  /** A handler threw; the connection was closed. */
  readonly onHandlerError: (error: Error) => void;
}

/** Nobody handles what is ciphertext, and nobody TLS before it is up. */
type SocketData = TransportHandler | undefined;

/**
 * Begins TLS. From here on the handler that `plain` had hears nothing more. Nothing that `plain` was given may
 * wait to be sent, and nothing may have come that was not meant for TLS.
 */
export function upgrade(plain: Transport, options: UpgradeOptions): Transport {
  if (!isSocket(plain)) throw new Error("only Bun's own sockets can go on with TLS");
  const { side, tls, handler, onHandlerError } = options;
  const isServer = side === "acceptor";
  const bunTls = isServer && tls !== undefined ? acceptorTls(tls) : diallerTls(tls);
  // Its handlers are still called, with ciphertext.
  plain.data = undefined;
  const upgrading = {
    isServer,
    data: undefined,
    tls: bunTls,
    socket: {
      handshake(socket: Socket<SocketData>, success: boolean, error: Error | null): void {
        const why = whyNot(socket, { success, error, side, checks: tls?.ca !== undefined });
        if (why === undefined) {
          socket.data = handler.onSecure(new SecureSocket(socket));
          return;
        }
        handler.onUpgradeFailed(why, error);
        socket.terminate();
      },
      data(socket: Socket<SocketData>, chunk: Buffer): void {
        socket.data?.onData(chunk);
      },
      drain(socket: Socket<SocketData>): void {
        socket.data?.onDrain();
      },
      end(socket: Socket<SocketData>): void {
        socket.data?.onEnd();
      },
      close(socket: Socket<SocketData>): void {
        (socket.data ?? handler).onClose();
      },
      error(socket: Socket<SocketData>, error: Error): void {
        // What the other side does to TLS is told here, too, and is no mistake of a handler.
        if (errorCode(error) !== TLS_ERROR) onHandlerError(error);
        socket.terminate();
      },
    },
  };
  const [, secure] = plain.upgradeTLS<SocketData>(upgrading);
  return secure;
}

/** What Bun calls each error of TLS itself, as against its verdict on a certificate. */
const TLS_ERROR = "EPROTO";

/** The certificate is good, but has another name in it than the dialled one. */
const OTHER_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";

interface Handshake {
  readonly success: boolean;
  readonly error: Error | null;
  readonly side: UpgradeOptions["side"];
  /** Whether the other side's certificate matters. */
  readonly checks: boolean;
}

/** Why the connection cannot be used; `undefined` if it can. */
function whyNot(socket: Socket<SocketData>, handshake: Handshake): string | undefined {
  const { success, error, side, checks } = handshake;
  // For a dialler Bun calls it a failure when all is up and only the certificate is not to its liking.
  if (!success && (side === "acceptor" || !isUp(socket))) {
    return error?.message ?? "the handshake was not finished";
  }
  const version = socket.getTLSVersion();
  if (version !== "TLSv1.3") return `${version} instead of TLSv1.3`;
  if (!checks || socket.authorized) return undefined;
  // Bun looks at the name last, so all else is well.
  if (side === "dialler" && errorCode(error) === OTHER_NAME) return undefined;
  return error?.message ?? "the certificate was not accepted";
}

/** There is nothing to export before the handshake is done. */
function isUp(socket: Socket<SocketData>): boolean {
  try {
    socket.exportKeyingMaterial(1, "EXPORTER-Channel-Binding", NO_CONTEXT);
    return true;
  } catch {
    return false;
  }
}

const NO_CONTEXT = Buffer.alloc(0);

/** A thin one: what it calls costs a thousand times more than the detour. */
class SecureSocket implements SecureTransport {
  readonly #socket: Socket<SocketData>;

  constructor(socket: Socket<SocketData>) {
    this.#socket = socket;
  }

  write(bytes: Uint8Array, start: number, length: number): number {
    return this.#socket.write(bytes, start, length);
  }

  shutdown(): void {
    this.#socket.shutdown();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  exportKeyingMaterial(bytes: number, label: string): Uint8Array {
    try {
      return this.#socket.exportKeyingMaterial(bytes, label, NO_CONTEXT);
    } catch (error) {
      const text = "the TLS connection is over; it has no key material any more";
      throw new CcpError("communication_ended", text, { cause: error });
    }
  }
}

/** Bun's sockets are transports as they are. */
function isSocket(transport: Transport): transport is Socket<SocketData> {
  return "upgradeTLS" in transport;
}

function errorCode(error: Error | null): string | undefined {
  return error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
