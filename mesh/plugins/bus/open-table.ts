import { BusError } from "./bus-error.ts";
import { REQUESTS_MAX, SERVICES_MAX, SUBSCRIPTIONS_MAX, WATCHES_MAX } from "./limits.ts";

export type OpenKind = "subscription" | "service" | "request" | "publication" | "watch";

const MAX: Readonly<Record<OpenKind, number>> = {
  subscription: SUBSCRIPTIONS_MAX,
  service: SERVICES_MAX,
  request: REQUESTS_MAX,
  publication: REQUESTS_MAX,
  watch: WATCHES_MAX,
};

/** Something of an application that goes on after its command. */
export interface Open {
  readonly kind: OpenKind;
  /** Ends it, in silence. */
  close(): void;
}

/** What one application has open, by the ids it has chosen. [BUS-2.2] */
export class OpenTable {
  readonly #open = new Map<number, Open>();
  readonly #counts: Record<OpenKind, number> = {
    subscription: 0,
    service: 0,
    request: 0,
    publication: 0,
    watch: 0,
  };

  /** @throws {BusError} `id_in_use` */
  assertFree(id: number): void {
    const other = this.#open.get(id);
    if (other === undefined) return;
    throw new BusError("id_in_use", `a ${other.kind} has the id ${id} already; choose another one`);
  }

  /** @throws {BusError} `id_in_use`, `too_many_open` */
  assertRoom(id: number, kind: OpenKind): void {
    this.assertFree(id);
    const max = MAX[kind];
    if (this.#counts[kind] < max) return;
    throw new BusError("too_many_open", `${max} of kind ${kind} are open; stop some first`);
  }

  /** There must be room for it. */
  add(id: number, open: Open): void {
    this.#open.set(id, open);
    this.#counts[open.kind] += 1;
  }

  has(id: number, open: Open): boolean {
    return this.#open.get(id) === open;
  }

  /** @throws {BusError} `unknown_id` */
  get(id: number): Open {
    const open = this.#open.get(id);
    if (open !== undefined) return open;
    throw new BusError("unknown_id", `nothing of the id ${id} is open`);
  }

  /** Answers whether it was still open. */
  remove(id: number, open: Open): boolean {
    if (!this.has(id, open)) return false;
    this.#open.delete(id);
    this.#counts[open.kind] -= 1;
    return true;
  }

  closeAll(): void {
    const all = [...this.#open];
    for (const [id, open] of all) {
      this.remove(id, open);
      open.close();
    }
  }
}
