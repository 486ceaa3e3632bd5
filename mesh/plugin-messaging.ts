/** The mesh, as one plugin sees it: all of it ends with the plugin. */

import { isPromiseLike, type Registration } from "../src/index.ts";
import { MeshError } from "./mesh-error.ts";
import type {
  MeshRequestOptions,
  Message,
  Messenger,
  Peer,
  PeerEvent,
  PresenceEvent,
  PresenceState,
  ServiceHandler,
  ServiceRequest,
  SubscribeOptions,
} from "./messaging/messenger.ts";
import type { CallbackSubscribeOptions, MessageSubscription, PluginPresence } from "./plugin.ts";
import type { PluginHoldings } from "./plugin-holdings.ts";
import { HeldStream, HeldSubscription } from "./plugin-subscription.ts";
import type { Subscription } from "./topics/subscription.ts";

export class PluginMessaging {
  readonly presence: PluginPresence;
  readonly #messenger: Messenger;
  readonly #held: PluginHoldings;
  #heldPresence: Registration | undefined;

  constructor(messenger: Messenger, held: PluginHoldings) {
    this.#messenger = messenger;
    this.#held = held;
    this.presence = {
      set: (state) => this.#setPresence(state),
      all: () => this.#allPresence(),
      get: (node) => this.#allPresence().get(node),
      onChange: (callback) => this.#onPresence(callback),
    };
  }

  iterate(pattern: string, options: SubscribeOptions = {}): MessageSubscription {
    this.#held.assertLoaded();
    this.#held.assertRoom();
    return new HeldStream(this.#messenger.subscribe(pattern, options), this.#held);
  }

  callBack(
    pattern: string,
    callback: (message: Message) => void | Promise<void>,
    options: CallbackSubscribeOptions = {},
  ): Subscription {
    this.#held.assertLoaded();
    this.#held.assertRoom();
    const what = `a subscriber to ${pattern}`;
    const report = (error: unknown): void => this.#held.reportFailure(what, error);
    const { onCallbackError = report } = options;
    const subscription = this.#messenger.subscribe(pattern, callback, {
      ...options,
      onCallbackError: (error) => {
        try {
          onCallbackError(error);
        } catch (failure) {
          report(failure);
        }
      },
    });
    return new HeldSubscription(subscription, this.#held);
  }

  publish(topic: string, payload: unknown): boolean {
    this.#held.assertLoaded();
    return this.#messenger.publish(topic, payload);
  }

  async drained(): Promise<void> {
    this.#held.assertLoaded();
    await this.#messenger.drained();
  }

  async request(
    node: string,
    service: string,
    payload: unknown,
    options: MeshRequestOptions = {},
  ): Promise<unknown> {
    this.#held.assertLoaded();
    const signal = this.#held.signalWith(options.signal);
    return await this.#messenger.request(node, service, payload, { ...options, signal });
  }

  serve(service: string, handler: ServiceHandler): Registration {
    this.#held.assertLoaded();
    this.#held.assertRoom();
    const report = (error: unknown, request: ServiceRequest): void => {
      const isAnswer = error instanceof MeshError && error.code === "remote_failure";
      // Who has given the request up may stop the handler by an error, too.
      if (isAnswer || request.signal.aborted) return;
      this.#held.reportFailure(`the service ${service}`, error);
    };
    const later = async (
      answer: PromiseLike<unknown>,
      request: ServiceRequest,
    ): Promise<unknown> => {
      try {
        return await answer;
      } catch (error) {
        report(error, request);
        throw error;
      }
    };
    // An answer that is there at once leaves at once.
    const reporting: ServiceHandler = (request) => {
      try {
        const answer = handler(request);
        return isPromiseLike(answer) ? later(answer, request) : answer;
      } catch (error) {
        report(error, request);
        throw error;
      }
    };
    return this.#held.keep(this.#messenger.serve(service, reporting, this.#held.owner));
  }

  peers(): readonly Peer[] {
    this.#held.assertLoaded();
    return this.#messenger.peers();
  }

  onPeer(callback: (event: PeerEvent) => void | Promise<void>): Registration {
    this.#held.assertLoaded();
    this.#held.assertRoom();
    const guarded = (event: PeerEvent): void => {
      void this.#held.run("a listener to peers", () => callback(event));
    };
    return this.#held.keep(this.#messenger.onPeer(guarded));
  }

  #setPresence(state: PresenceState | undefined): void {
    this.#held.assertLoaded();
    const { owner } = this.#held;
    this.#messenger.setPresence(owner, state);
    if (this.#heldPresence !== undefined) return;
    this.#heldPresence = this.#held.keep({
      remove: () => this.#messenger.setPresence(owner, undefined),
    });
  }

  #allPresence(): ReadonlyMap<string, PresenceState> {
    this.#held.assertLoaded();
    return this.#messenger.presence();
  }

  #onPresence(callback: (event: PresenceEvent) => void | Promise<void>): Registration {
    this.#held.assertLoaded();
    this.#held.assertRoom();
    const guarded = (event: PresenceEvent): void => {
      void this.#held.run("a listener to presence", () => callback(event));
    };
    return this.#held.keep(this.#messenger.onPresence(guarded));
  }
}
