/**
 * What the protocol needs of a byte stream, and no more. Bun's sockets are such streams as they are;
 * tests use one in memory.
 */
export interface Transport {
  /**
   * Writes `length` bytes from `start`. Answers how many were taken, which may be fewer; then
   * `onDrain` follows. Negative once closed.
   */
  write(bytes: Uint8Array, start: number, length: number): number;
  /** Tells the peer that nothing more will be written. What it writes still arrives. */
  shutdown(): void;
  /** Ends the connection at once, in both directions, without waiting for the peer. */
  terminate(): void;
  /** Stops `onData` and `onEnd` until `resume`. */
  pause(): void;
  resume(): void;
}

/** A byte stream inside TLS. */
export interface SecureTransport extends Transport {
  /**
   * So many bytes that both ends of this TLS connection know and nobody else does, others for every
   * label (RFC 5705, with an empty context).
   *
   * @throws {CcpError} `communication_ended`
   */
  exportKeyingMaterial(bytes: number, label: string): Uint8Array;
}

/** What happens on a byte stream. A call never throws. */
export interface TransportHandler {
  /** The chunk belongs to the handler; it is never written again. */
  onData(chunk: Buffer): void;
  /** The transport may take bytes again; may also be called for nothing. */
  onDrain(): void;
  /** The peer will write nothing more; writing to it may still work. */
  onEnd(): void;
  /** The other side does not speak TLS, or not as it should; the stream is closed. */
  onTlsFailed?(): void;
  /** The stream is over in both directions. Nothing is called after it. */
  onClose(): void;
}
