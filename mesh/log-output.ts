/** Where log lines go: a stream whose reader may be slow or gone, or whose disk may be full. */

/** A burst of thousands of lines; without a bound, a reader that stops would take all memory. */
const WAITING_BYTES_MAX = 1024 * 1024;

/** What it needs of `process.stdout`. */
export interface LogStream {
  /** Calls `done` once the text is written, or with the reason why it is not. */
  write(text: string, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: () => void): unknown;
}

export interface LogOutputOptions {
  readonly stream: LogStream;
  /** Told how many lines were not written, once there is room to say so. */
  readonly onLost: (lines: number) => void;
  /** Default: 1 MiB. */
  readonly waitingBytesMax?: number;
}

/** Takes one line without its line end. It never throws, and never waits. */
export function logOutput(options: LogOutputOptions): (line: string) => void {
  const { stream, onLost, waitingBytesMax = WAITING_BYTES_MAX } = options;
  // Counted here, because standard output always says of itself that nothing waits.
  let waitingBytes = 0;
  let lost = 0;
  // A broken pipe or a full disk. `done` is told as well.
  stream.on("error", () => {});
  return (line) => {
    const text = `${line}\n`;
    const bytes = Buffer.byteLength(text);
    if (waitingBytes + bytes > waitingBytesMax) {
      lost++;
      return;
    }
    waitingBytes += bytes;
    stream.write(text, (error) => {
      waitingBytes -= bytes;
      if (error) {
        lost++;
      } else if (lost > 0 && waitingBytes <= waitingBytesMax / 2) {
        const lines = lost;
        lost = 0;
        onLost(lines);
      }
    });
  };
}
