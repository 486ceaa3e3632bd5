/** What the parent and its serving children tell one another. */

import * as v from "valibot";
import type { ServerStatus } from "./measure.ts";

/** No child lives longer, whatever happens. */
export const LIFE_MS_MAX: number = 10 * 60_000;

/** The child's first word: it serves. */
export interface Ready {
  readonly port: number;
}

/** Asks for a {@link ServerStatus}. */
export interface StatusRequest {
  readonly collect: boolean;
}

export const READY: v.GenericSchema<Ready> = v.object({ port: v.number() });
export const STATUS_REQUEST: v.GenericSchema<StatusRequest> = v.object({ collect: v.boolean() });
export const STATUS: v.GenericSchema<ServerStatus> = v.object({
  rssBytes: v.number(),
  connections: v.number(),
});
