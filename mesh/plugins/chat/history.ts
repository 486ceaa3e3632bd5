import { CHANNELS_MAX, HISTORY_LINES_MAX } from "./limits.ts";

export interface HistoryLine {
  readonly id: string;
  /** Milliseconds of a clock that never goes back. */
  readonly atMs: number;
  readonly server: string;
  readonly player: string;
  readonly text: string;
}

/** The last lines of each channel, for those who come later. */
export class History {
  /** The channel in which nothing was said for longest first. */
  readonly #channels = new Map<string, HistoryLine[]>();

  add(channel: string, line: HistoryLine): void {
    const lines = this.#channels.get(channel) ?? [];
    this.#channels.delete(channel);
    const [quietest] = this.#channels.keys();
    if (quietest !== undefined && this.#channels.size >= CHANNELS_MAX) {
      this.#channels.delete(quietest);
    }
    this.#channels.set(channel, lines);
    lines.push(line);
    if (lines.length > HISTORY_LINES_MAX) lines.shift();
  }

  /** At most `count` of them since `sinceMs`, in the order in which they came. */
  last(channel: string, count: number, sinceMs: number): readonly HistoryLine[] {
    const lines = this.#channels.get(channel) ?? [];
    const recent = lines.filter(({ atMs }) => atMs >= sinceMs);
    return count < 1 ? [] : recent.slice(-count);
  }
}
