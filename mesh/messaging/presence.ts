import { decode, encode } from "../../src/index.ts";
import { errorText } from "../error-text.ts";
import { MeshError } from "../mesh-error.ts";
import { quoted } from "../printable.ts";
import { PRESENCE_BYTES_MAX, PRESENCE_LIMITS, PRESENCE_OWNERS_MAX } from "./limits.ts";
import type { PresenceState } from "./messenger.ts";
import { frozen, isSameState, isState, NOTHING_SAID } from "./presence-state.ts";

/** What this node says of itself: the parts of its plugins and applications, those set last over the others. */
export class OwnPresence {
  readonly #onChange: (state: PresenceState) => void;
  /** In the order in which they were set. */
  readonly #parts = new Map<string, PresenceState>();
  #state = NOTHING_SAID;

  constructor(onChange: (state: PresenceState) => void) {
    this.#onChange = onChange;
  }

  get state(): PresenceState {
    return this.#state;
  }

  /** Owners that say something. */
  get size(): number {
    return this.#parts.size;
  }

  /**
   * The part of `owner`; what is given is copied. To take a part away never fails: where that uncovers more
   * than a state may be, those set first give way.
   *
   * @throws {MeshError} `invalid_payload`; then nothing was changed
   */
  set(owner: string, state: PresenceState | undefined): void {
    const part = state === undefined ? NOTHING_SAID : checked(owner, state);
    const parts = new Map(this.#parts);
    parts.delete(owner);
    if (Object.keys(part).length > 0) parts.set(owner, part);
    if (parts.size > PRESENCE_OWNERS_MAX) {
      const text = `${PRESENCE_OWNERS_MAX} owners say something of this node already, so that ${quoted(owner)} cannot`;
      throw new MeshError("invalid_payload", text);
    }
    const merged = parts.has(owner)
      ? checked(owner, Object.assign({}, ...parts.values()))
      : mergedWithin(owner, [...parts.values()]);
    this.#parts.delete(owner);
    if (parts.has(owner)) this.#parts.set(owner, part);
    if (isSameState(merged, this.#state)) return;
    this.#state = frozen(merged);
    this.#onChange(this.#state);
  }
}

/** As many of the parts as a state holds, the last of them. */
function mergedWithin(owner: string, parts: readonly PresenceState[]): PresenceState {
  try {
    return checked(owner, Object.assign({}, ...parts));
  } catch {
    return mergedWithin(owner, parts.slice(1));
  }
}

/** A copy, as other nodes will read it. */
function checked(owner: string, state: PresenceState): PresenceState {
  let copy: unknown;
  try {
    copy = decode(encode(state), PRESENCE_LIMITS);
  } catch (cause) {
    const text =
      `${quoted(owner)} cannot say this of its node: ${errorText(cause)}; a node's whole presence has ` +
      `${PRESENCE_BYTES_MAX} bytes at most`;
    throw new MeshError("invalid_payload", text, { cause });
  }
  if (isState(copy)) return copy;
  throw new MeshError(
    "invalid_payload",
    `${quoted(owner)} must say values by name, as { map: "kr-1" }`,
  );
}
