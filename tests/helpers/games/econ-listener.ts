/** What an owner of a console client hears, to be awaited. */

import { type EconClient, openEcon } from "../../../mesh/plugins/games/econ/econ-client.ts";
import type { EconError } from "../../../mesh/plugins/games/econ/econ-error.ts";
import type { EconEvent } from "../../../mesh/plugins/games/econ/econ-event.ts";

/** An empty server of DDNet looks at its console once a second. */
const WAIT_MS = 8000;

export interface ListenerOptions {
  readonly port: number;
  readonly password: string;
}

export class EconListener implements Disposable {
  readonly client: EconClient;
  readonly events: EconEvent[] = [];
  readonly closed: Promise<EconError | undefined>;
  #taken = 0;
  #news: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor({ port, password }: ListenerOptions) {
    const closed = Promise.withResolvers<EconError | undefined>();
    this.closed = closed.promise;
    this.client = openEcon({
      host: "127.0.0.1",
      port,
      password,
      onEvent: (event) => {
        this.events.push(event);
        this.#news.resolve();
        this.#news = Promise.withResolvers();
      },
      onClosed: closed.resolve,
    });
  }

  /** The next event, after those taken before. */
  async next(): Promise<EconEvent> {
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), WAIT_MS);
    try {
      for (;;) {
        const event = this.events[this.#taken];
        if (event !== undefined) {
          this.#taken++;
          return event;
        }
        const happened = await Promise.race([
          this.#news.promise,
          late.promise,
          this.closed.then((error) => `closed: ${error?.message}`),
        ]);
        if (happened !== undefined && this.events[this.#taken] === undefined) {
          throw new Error(`waited in vain for an event (${happened})`);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}
