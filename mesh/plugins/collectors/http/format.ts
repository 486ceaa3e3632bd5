/** What a request says, in the receiver's language. */

import type { WaitingEvent } from "../sink.ts";

/** The body of one request. */
export interface HttpMessage {
  readonly text: string;
  readonly contentType: string;
  /** What it tells of. */
  readonly events: readonly WaitingEvent[];
}

export interface Format {
  readonly batchEventsMax?: number;
  /** Where the receiver is to be found if it says that nothing is at this path. */
  readonly pathHint?: string;
  /** How long the receiver wants to be left alone, where it says so in a way of its own. */
  readonly pauseMs?: (headers: Headers, body: string) => number | undefined;
  /** The scheme of `token` in the header Authorization. */
  readonly tokenScheme: "Bearer" | "Token";
  /** In order. Events of which nothing can be shown are in none. */
  messages(events: readonly WaitingEvent[]): readonly HttpMessage[];
}
