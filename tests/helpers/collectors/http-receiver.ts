import { gunzipSync } from "node:zlib";
import type { TLSOptions } from "bun";

export interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Headers;
  /** As it was before it was compressed. */
  readonly body: string;
  readonly bytes: number;
  /** The sender's port, by which connections are told apart. */
  readonly port: number;
}

type Answer = () => Response | Promise<Response>;

/** A web server of somebody else's that keeps what it is told, and answers what a test says. */
export class HttpReceiver implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = [];
  readonly #answers: Answer[] = [];
  #always: (body: string) => Response = () => new Response("thanks");
  readonly #server: Bun.Server<undefined>;
  readonly #isTls: boolean;

  constructor(tls?: TLSOptions) {
    this.#isTls = tls !== undefined;
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      ...(tls !== undefined && { tls }),
      fetch: async (request, server) => {
        const bytes = new Uint8Array(await request.arrayBuffer());
        const { pathname, search } = new URL(request.url);
        const isCompressed = request.headers.get("content-encoding") === "gzip";
        const body = Buffer.from(isCompressed ? gunzipSync(bytes) : bytes).toString();
        this.requests.push({
          method: request.method,
          path: pathname + search,
          headers: request.headers,
          body,
          bytes: bytes.length,
          port: server.requestIP(request)?.port ?? 0,
        });
        const answer = this.#answers.shift();
        return (await answer?.()) ?? this.#always(body);
      },
    });
  }

  get host(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  get url(): string {
    return `${this.#isTls ? "https" : "http"}://${this.host}`;
  }

  get last(): ReceivedRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error("nothing was received");
    return last;
  }

  /** What those are answered for which nothing else was said; by default 200. */
  always(answer: (body: string) => Response): this {
    this.#always = answer;
    return this;
  }

  /** What the next requests are answered, one each. */
  answers(...answers: readonly (Response | Answer)[]): this {
    for (const answer of answers) {
      this.#answers.push(answer instanceof Response ? () => answer : answer);
    }
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** A server that is none: whatever comes, it answers these bytes, and hangs up or does not. */
export class RawReceiver implements Disposable {
  connections = 0;
  readonly #listener: Bun.TCPSocketListener;

  constructor(answer: string | ReadonlyArray<string>, after: "close" | "reset" | "stay" = "close") {
    const parts = typeof answer === "string" ? [answer] : answer;
    this.#listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: () => {
          this.connections += 1;
        },
        data: (socket) => {
          for (const part of parts) socket.write(part);
          if (after === "reset") socket.terminate();
          else if (after === "close") socket.end();
        },
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}`;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}
