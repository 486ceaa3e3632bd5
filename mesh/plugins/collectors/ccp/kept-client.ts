import { type ClientTls, type DialOptions, RequestClient } from "../../../index.ts";
import { readAuthorities } from "../socket-trouble.ts";
import type { TcpTarget } from "../tcp-target.ts";
import { ANSWER_BYTES_MAX, CLOSE_TIMEOUT_MS } from "./limits.ts";

/** The communication with the application: begun when it is needed, kept until it ends. */
export class KeptClient {
  readonly #target: TcpTarget;
  readonly #plugin: string;
  readonly #closing = new AbortController();
  #client: Promise<RequestClient> | undefined;
  /** The outcome of `#client`, once there is one. */
  #open: RequestClient | undefined;

  constructor(target: TcpTarget, plugin: string) {
    this.#target = target;
    this.#plugin = plugin;
  }

  /**
   * The one there is, or a new one.
   *
   * @throws {CcpError} as {@link RequestClient.connect}
   * @throws {SocketError} when the authorities cannot be read
   */
  get(): Promise<RequestClient> {
    if (this.#client !== undefined) return this.#client;
    const client = this.#connect();
    this.#client = client;
    client.then(
      (open) => {
        this.#open = open;
        void open.over.then(() => this.#forget(open));
      },
      () => {
        this.#client = undefined;
      },
    );
    return client;
  }

  /** The next `get` begins anew. */
  drop(client: RequestClient): void {
    this.#forget(client);
    void client.close();
  }

  async close(): Promise<void> {
    await this.#open?.close();
    this.#closing.abort();
    try {
      await this.#client;
    } catch {
      // It was still being dialled.
    }
  }

  #forget(client: RequestClient): void {
    if (this.#open !== client) return;
    this.#open = undefined;
    this.#client = undefined;
  }

  async #connect(): Promise<RequestClient> {
    const { host, port, connectTimeoutMs } = this.#target;
    const tls = await this.#tls();
    const options: DialOptions = {
      host,
      port,
      plugin: this.#plugin,
      signal: this.#closing.signal,
      ...(tls === undefined ? {} : { tls }),
      limits: {
        connectTimeoutMs,
        acceptTimeoutMs: connectTimeoutMs,
        closeTimeoutMs: CLOSE_TIMEOUT_MS,
        messageBytesMax: ANSWER_BYTES_MAX,
      },
    };
    return await RequestClient.connect(options);
  }

  async #tls(): Promise<ClientTls | undefined> {
    const { tls } = this.#target;
    if (tls === undefined) return undefined;
    return tls.caFile === undefined ? {} : { ca: await readAuthorities(tls.caFile) };
  }
}
