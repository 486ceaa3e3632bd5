/** Ends the process: a figure taken after a handler has failed would mean nothing. */
export function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
