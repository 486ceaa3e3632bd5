import {
  type Call,
  CcpError,
  type ClientCallbacks,
  type DialOptions,
  dial,
  type Endpoint,
  type Mode,
  RawClient,
  type RawReceiverClass,
  type Registration,
  type RequestCallback,
  RequestClient,
} from "../src/index.ts";
import { DELAY_MS_MAX } from "./clock.ts";
import { errorPlace } from "./error-place.ts";
import type { Logger } from "./log.ts";
import type {
  MeshRequestOptions,
  Message,
  Messenger,
  Peer,
  PeerEvent,
  ServiceHandler,
  SubscribeOptions,
} from "./messaging/messenger.ts";
import type {
  CallbackSubscribeOptions,
  MessageSubscription,
  PluginNode,
  PluginPresence,
} from "./plugin.ts";
import { PluginHoldings } from "./plugin-holdings.ts";
import { PluginMessaging } from "./plugin-messaging.ts";
import type { Subscription } from "./topics/subscription.ts";

export interface PluginScopeOptions {
  readonly nodeName: string;
  readonly plugin: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly endpoint: Pick<Endpoint, "onRequest" | "onRaw" | "port">;
  readonly messenger: Messenger;
}

/** The node, as it is given to one plugin. */
export class PluginScope implements PluginNode {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly #endpoint: PluginScopeOptions["endpoint"];
  readonly #held: PluginHoldings;
  readonly #messaging: PluginMessaging;

  constructor({ nodeName, plugin, settings, log, endpoint, messenger }: PluginScopeOptions) {
    this.name = nodeName;
    this.settings = settings;
    this.log = log;
    this.#endpoint = endpoint;
    this.#held = new PluginHoldings(plugin, log);
    this.#messaging = new PluginMessaging(messenger, this.#held);
  }

  get port(): number {
    return this.#endpoint.port;
  }

  get signal(): AbortSignal {
    return this.#held.signal;
  }

  onRequest(name: string, callback: RequestCallback): Registration {
    this.#held.assertLoaded();
    return this.#held.keep(this.#endpoint.onRequest(name, callback, this.#held.owner));
  }

  onRaw(name: string, receiver: RawReceiverClass): Registration {
    this.#held.assertLoaded();
    return this.#held.keep(this.#endpoint.onRaw(name, receiver, this.#held.owner));
  }

  dial(options: DialOptions & { readonly mode: Mode }, callbacks: ClientCallbacks = {}): Call {
    this.#held.assertLoaded();
    this.#held.assertRoom();
    const call = dial(this.#bound(options), this.#guarded(callbacks));
    this.#held.keepUntil(call.closed, () => call.stop());
    return call;
  }

  async connectRequest(options: DialOptions): Promise<RequestClient> {
    this.#held.assertLoaded();
    const client = await RequestClient.connect(this.#bound(options));
    this.#held.keepUntil(client.over, () => void client.close());
    return client;
  }

  async connectRaw(options: DialOptions): Promise<RawClient> {
    this.#held.assertLoaded();
    const client = await RawClient.connect(this.#bound(options));
    this.#held.keepUntil(client.over, () => void client.close());
    return client;
  }

  after(delayMs: number, task: () => void | Promise<void>): Registration {
    this.#held.assertLoaded();
    this.#assertDelay(delayMs);
    const timer = setTimeout(() => {
      registration.remove();
      void this.#held.run("timer", task);
    }, delayMs);
    const registration = this.#held.keep({ remove: () => clearTimeout(timer) });
    return registration;
  }

  every(intervalMs: number, task: () => void | Promise<void>): Registration {
    this.#held.assertLoaded();
    this.#assertDelay(intervalMs);
    let running = false;
    const timer = setInterval(() => {
      if (running) {
        return;
      }
      running = true;
      void this.#held.run("timer", task).then(() => {
        running = false;
      });
    }, intervalMs);
    return this.#held.keep({ remove: () => clearInterval(timer) });
  }

  onUnload(task: () => void | Promise<void>): void {
    this.#held.assertLoaded();
    this.#held.onUnload(task);
  }

  subscribe(pattern: string, options?: SubscribeOptions): MessageSubscription;
  subscribe(
    pattern: string,
    callback: (message: Message) => void | Promise<void>,
    options?: CallbackSubscribeOptions,
  ): Subscription;
  subscribe(
    pattern: string,
    how?: SubscribeOptions | ((message: Message) => void | Promise<void>),
    options?: CallbackSubscribeOptions,
  ): Subscription {
    return typeof how === "function"
      ? this.#messaging.callBack(pattern, how, options)
      : this.#messaging.iterate(pattern, how);
  }

  publish(topic: string, payload: unknown): boolean {
    return this.#messaging.publish(topic, payload);
  }

  drained(): Promise<void> {
    return this.#messaging.drained();
  }

  request(
    node: string,
    service: string,
    payload: unknown,
    options?: MeshRequestOptions,
  ): Promise<unknown> {
    return this.#messaging.request(node, service, payload, options);
  }

  serve(service: string, handler: ServiceHandler): Registration {
    return this.#messaging.serve(service, handler);
  }

  get presence(): PluginPresence {
    return this.#messaging.presence;
  }

  peers(): readonly Peer[] {
    return this.#messaging.peers();
  }

  onPeer(callback: (event: PeerEvent) => void | Promise<void>): Registration {
    return this.#messaging.onPeer(callback);
  }

  /** Undoes everything. Tasks that take longer than `graceMs` together are left behind. */
  unload(graceMs: number): Promise<void> {
    return this.#held.unload(graceMs);
  }

  #assertDelay(delayMs: number): void {
    if (delayMs >= 0 && delayMs <= DELAY_MS_MAX) {
      return;
    }
    const text = `${this.#held.owner}: a timer takes 0 to ${DELAY_MS_MAX} milliseconds, not ${delayMs}`;
    throw new CcpError("invalid_option", text);
  }

  /** Dialling ends with the plugin, too. */
  #bound<Options extends DialOptions>(options: Options): Options {
    return { ...options, signal: this.#held.signalWith(options.signal) };
  }

  /** A callback that throws is the plugin's mistake, not the node's end. */
  #guarded(callbacks: ClientCallbacks): ClientCallbacks {
    // One by one, because the callbacks may be methods of a class.
    return {
      onConnected: () => callbacks.onConnected?.(),
      onAccepted: () => callbacks.onAccepted?.(),
      onData: (data) => callbacks.onData?.(data),
      onEnd: () => callbacks.onEnd?.(),
      onNobodyHome: () => callbacks.onNobodyHome?.(),
      onCommunicationError: () => callbacks.onCommunicationError?.(),
      onProtocolError: () => callbacks.onProtocolError?.(),
      onConnectionError: (error) => callbacks.onConnectionError?.(error),
      onAbort: (error) => callbacks.onAbort?.(error),
      onCallbackError: (error) => this.#onCallbackError(callbacks, error),
    };
  }

  #onCallbackError(callbacks: ClientCallbacks, error: unknown): void {
    if (callbacks.onCallbackError === undefined) {
      this.log.error("a callback failed", { at: errorPlace(error), error });
      return;
    }
    try {
      callbacks.onCallbackError(error);
    } catch (failure) {
      this.log.error("a callback failed", { at: errorPlace(failure), error: failure });
    }
  }
}
