import type { Server } from "bun";
import { addressText } from "../tcp-connection.ts";
import { BODIES_MAX, BODY_BYTES_MAX, BODY_TIMEOUT_S } from "./limits.ts";
import { LineReader } from "./line-reader.ts";
import { listenFailure } from "./listen-failure.ts";
import type { Feed, FeedEvents, Part } from "./parts.ts";
import { resolveSender, type Sender } from "./sender.ts";

export interface HttpFeedOptions {
  /** Where the game posts to. */
  readonly host: string;
  readonly port: number;
  /** Begins with `/`. Nothing in what is posted says which server it comes from. */
  readonly path: string;
  /** The host that the game posts from; others are refused. */
  readonly gameHost: string;
}

/** The log of a Counter-Strike 2 server, which posts lines (`logaddress_add_http`). */
export class HttpFeed implements Feed {
  readonly where: string;
  readonly #options: HttpFeedOptions;

  constructor(options: HttpFeedOptions) {
    this.where = `http://${addressText(options.host, options.port)}`;
    this.#options = options;
  }

  open(events: FeedEvents): Part {
    return new HttpListener(this.#options, events);
  }
}

class HttpListener implements Part {
  readonly #options: HttpFeedOptions;
  readonly #events: FeedEvents;
  readonly #opened: Promise<Server<undefined> | undefined>;
  /** Bodies that arrive now. */
  #bodies = 0;
  #isClosed = false;
  #hasToldOfStrangers = false;

  constructor(options: HttpFeedOptions, events: FeedEvents) {
    this.#options = options;
    this.#events = events;
    this.#opened = this.#open();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const server = await this.#opened;
    await server?.stop(true);
  }

  async #open(): Promise<Server<undefined> | undefined> {
    const { host, port, gameHost } = this.#options;
    try {
      const sender = await resolveSender(gameHost);
      if (this.#isClosed) return undefined;
      const server = Bun.serve({
        hostname: host,
        port,
        reusePort: false,
        development: false,
        idleTimeout: BODY_TIMEOUT_S,
        maxRequestBodySize: BODY_BYTES_MAX,
        fetch: async (request, own) => {
          const address = own.requestIP(request)?.address ?? "";
          return answer(await this.#take(request, address, sender));
        },
        error: () => answer(500),
      });
      this.#events.onReady();
      return server;
    } catch (cause) {
      if (!this.#isClosed) this.#events.onOver(listenFailure(this.#options, cause));
      return undefined;
    }
  }

  /** Answers the status. */
  async #take(request: Request, address: string, sender: Sender): Promise<number> {
    if (!sender.is(address)) {
      this.#tellOfStranger();
      return 403;
    }
    if (new URL(request.url).pathname !== this.#options.path) return 404;
    if (request.method !== "POST") return 405;
    if (this.#bodies >= BODIES_MAX) return 503;
    this.#bodies++;
    try {
      this.#read(await request.bytes());
      return 200;
    } catch {
      // It broke off.
      return 400;
    } finally {
      this.#bodies--;
    }
  }

  #read(body: Uint8Array): void {
    const lines = new LineReader((line) => {
      if (!this.#isClosed && line !== "") this.#events.onLine(line);
    });
    lines.push(body);
    lines.end();
  }

  #tellOfStranger(): void {
    if (this.#hasToldOfStrangers || this.#isClosed) return;
    this.#hasToldOfStrangers = true;
    const { host, port } = this.#options;
    const where = addressText(host, port);
    this.#events.onUnread(
      `a request that does not come from the game's address was refused: set host to the address that the game sends from (it arrived at ${where})`,
    );
  }
}

function answer(status: number): Response {
  return new Response(null, { status });
}
