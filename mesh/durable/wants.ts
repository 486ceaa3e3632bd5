/** The subscriber's side: tells other nodes what this one wants to be kept. [DURABLE-2] */

import { MeshError } from "../mesh-error.ts";
import type { Messenger } from "../messaging/messenger.ts";
import { WANT_TIMEOUT_MS } from "./limits.ts";

export const WANT_SERVICE = "durable.want";

export interface WantsOptions {
  readonly messaging: Pick<Messenger, "request" | "peers">;
  readonly patterns: () => readonly string[];
  readonly onFailure: (error: unknown, what: string) => void;
}

export class Wants {
  readonly #options: WantsOptions;

  constructor(options: WantsOptions) {
    this.#options = options;
  }

  /** Resolves once all nodes that are up know, or did not answer. */
  async tellAll(): Promise<void> {
    const peers = this.#options.messaging.peers();
    await Promise.all(peers.map(({ name }) => this.tell(name)));
  }

  async tell(node: string): Promise<void> {
    const { messaging, patterns, onFailure } = this.#options;
    try {
      await messaging.request(node, WANT_SERVICE, patterns(), { timeoutMs: WANT_TIMEOUT_MS });
    } catch (error) {
      // One that has gone is told when it is back; an older one keeps nothing.
      const isExpected = error instanceof MeshError && error.code !== "remote_failure";
      if (!isExpected) onFailure(error, `telling ${node} what is wanted`);
    }
  }
}
