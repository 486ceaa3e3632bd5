import type { PluginPresence, PresenceState } from "../../index.ts";

/** What several applications say of one node, put together; where they use one name, whoever spoke last counts. */
export class PresenceParts {
  readonly #presence: PluginPresence;
  #parts: ReadonlyMap<object, PresenceState> = new Map();

  constructor(presence: PluginPresence) {
    this.#presence = presence;
  }

  /** @throws {MeshError} `invalid_payload`, and what was said before still holds */
  set(application: object, state: PresenceState): void {
    // Whoever speaks goes to the end.
    const parts = this.#without(application);
    parts.set(application, state);
    this.#say(parts);
  }

  /** What the application had said may have covered more of others than there is room for: the oldest of that goes, too. */
  remove(application: object): void {
    if (!this.#parts.has(application)) return;
    const parts = this.#without(application);
    for (;;) {
      try {
        this.#say(parts);
        return;
      } catch (error) {
        const [oldest] = parts.keys();
        if (oldest === undefined) throw error;
        parts.delete(oldest);
      }
    }
  }

  #without(application: object): Map<object, PresenceState> {
    const parts = new Map(this.#parts);
    parts.delete(application);
    return parts;
  }

  #say(parts: ReadonlyMap<object, PresenceState>): void {
    this.#presence.set(parts.size === 0 ? undefined : Object.assign({}, ...parts.values()));
    this.#parts = parts;
  }
}
