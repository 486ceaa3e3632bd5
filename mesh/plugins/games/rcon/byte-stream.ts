/** What the client needs of a connection. */
export interface ByteStream {
  /** Takes the bytes, and sends what the other side does not take now once it does. */
  write(bytes: Uint8Array): void;
  /** Whether bytes wait for the other side; `onDrain` follows. */
  readonly busy: boolean;
  /** Ends the connection; nothing is called afterwards. */
  close(): void;
}

export interface ByteStreamHandler {
  onData(chunk: Buffer): void;
  /** Nothing waits any more. */
  onDrain(): void;
  /** The other side ended the connection. */
  onClose(): void;
}
