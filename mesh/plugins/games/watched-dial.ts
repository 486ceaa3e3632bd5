import type { Dial } from "./tcp-connection.ts";

export interface WatchedDial {
  /** For one connection. */
  readonly dial: Dial;
  /** Resolves once the connection is gone, or none came about. */
  readonly gone: Promise<void>;
}

/** Lets who closes a connection wait until its socket is gone. */
export function watchedDial(dial: Dial): WatchedDial {
  const gone = Promise.withResolvers<void>();
  return {
    gone: gone.promise,
    dial: async (options, handler) => {
      try {
        await dial(options, {
          onOpen: (connection) => handler.onOpen(connection),
          onData: (chunk) => handler.onData(chunk),
          onDrain: () => handler.onDrain(),
          onClosed: (cause) => handler.onClosed(cause),
          onGone: () => gone.resolve(),
        });
      } catch (error) {
        gone.resolve();
        throw error;
      }
    },
  };
}
