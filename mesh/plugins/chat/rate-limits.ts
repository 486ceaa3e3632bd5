/** How many lines a player, and a server with all its players, may have relayed. */

import { RATED_PLAYERS_MAX, RATED_SERVERS_MAX } from "./limits.ts";

export interface RateOptions {
  /** Lines of one player within a period; they may come all at once. */
  readonly playerLines: number;
  /** Lines of one server within a period. */
  readonly serverLines: number;
  readonly periodMs: number;
}

export type RateVerdict = "pass" | "player_rate" | "server_rate";

interface Bucket {
  lines: number;
  filledAtMs: number;
}

interface PlayerBucket extends Bucket {
  noticedAtMs: number;
}

/** `nowMs` is always of a clock that never goes back. */
export class RateLimits {
  readonly #options: RateOptions;
  /** The one that spoke longest ago first: it has most likely all its lines again, and is forgotten without harm. */
  readonly #players = new Map<string, PlayerBucket>();
  readonly #servers = new Map<string, Bucket>();
  readonly #notices: Bucket;

  constructor(options: RateOptions) {
    this.#options = options;
    this.#notices = { lines: options.serverLines, filledAtMs: Number.NEGATIVE_INFINITY };
  }

  /** Takes a line of both, or of neither. `player` tells apart those of all servers. */
  take(player: string, server: string, nowMs: number): RateVerdict {
    const { playerLines, serverLines } = this.#options;
    const ofPlayer = this.#filled(this.#playerBucket(player, nowMs), playerLines, nowMs);
    const ofServer = this.#filled(this.#serverBucket(server, nowMs), serverLines, nowMs);
    if (ofPlayer.lines < 1) return "player_rate";
    if (ofServer.lines < 1) return "server_rate";
    ofPlayer.lines -= 1;
    ofServer.lines -= 1;
    return "pass";
  }

  /** Whether the player is to be told that a line was not relayed; true once a period, and as often for all as lines are. */
  isNoticeDue(player: string, nowMs: number): boolean {
    const { serverLines, periodMs } = this.#options;
    const bucket = this.#playerBucket(player, nowMs);
    const ofAll = this.#filled(this.#notices, serverLines, nowMs);
    if (nowMs - bucket.noticedAtMs < periodMs || ofAll.lines < 1) return false;
    bucket.noticedAtMs = nowMs;
    ofAll.lines -= 1;
    return true;
  }

  #playerBucket(player: string, nowMs: number): PlayerBucket {
    return latest(this.#players, player, {
      countMax: RATED_PLAYERS_MAX,
      fresh: () => ({
        lines: this.#options.playerLines,
        filledAtMs: nowMs,
        noticedAtMs: Number.NEGATIVE_INFINITY,
      }),
    });
  }

  #serverBucket(server: string, nowMs: number): Bucket {
    return latest(this.#servers, server, {
      countMax: RATED_SERVERS_MAX,
      fresh: () => ({ lines: this.#options.serverLines, filledAtMs: nowMs }),
    });
  }

  #filled(bucket: Bucket, linesMax: number, nowMs: number): Bucket {
    const gained = ((nowMs - bucket.filledAtMs) * linesMax) / this.#options.periodMs;
    bucket.lines = Math.min(linesMax, bucket.lines + gained);
    bucket.filledAtMs = nowMs;
    return bucket;
  }
}

interface LatestOptions<Value> {
  readonly countMax: number;
  readonly fresh: () => Value;
}

/** The value of the key, which is now the last of the map; the first gives way to a new one. */
function latest<Value>(
  map: Map<string, Value>,
  key: string,
  { countMax, fresh }: LatestOptions<Value>,
): Value {
  const value = map.get(key) ?? fresh();
  map.delete(key);
  const [first] = map.keys();
  if (first !== undefined && map.size >= countMax) map.delete(first);
  map.set(key, value);
  return value;
}
