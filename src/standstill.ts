/** A number that should change, and since when it has not. Idle connections have none. */
export interface Watched {
  readonly value: number;
  readonly sinceMs: number;
}

/** What was watched before, or a new beginning if the number has changed. */
export function watch(before: Watched | undefined, value: number, nowMs: number): Watched {
  return before?.value === value ? before : { value, sinceMs: nowMs };
}

/** How long it has not changed; 0 where nothing is watched. */
export function standstillMs(watched: Watched | undefined, nowMs: number): number {
  return watched === undefined ? 0 : nowMs - watched.sinceMs;
}
