import type { Registration } from "../../src/index.ts";
import { MeshError } from "../mesh-error.ts";
import { quoted } from "../printable.ts";
import { removable } from "../topics/removable.ts";
import { assertService } from "../topics/topic.ts";
import { SERVICES_MAX } from "./limits.ts";
import type { ServiceHandler } from "./messenger.ts";
import type { Change } from "./node-frames.ts";

export interface Service {
  readonly name: string;
  readonly handler: ServiceHandler;
  /** Who serves it, as an error's text says it. */
  readonly owner: string;
}

/** The requests that this node answers, by name. */
export class Services {
  readonly #onChange: (change: Change, name: string) => void;
  readonly #services = new Map<string, Service>();

  /** `onChange` is told of each that comes or goes. */
  constructor(onChange: (change: Change, name: string) => void) {
    this.#onChange = onChange;
  }

  /** @throws {MeshError} `name_taken`, `invalid_topic`, `too_many_subscriptions` */
  add(service: Service): Registration {
    const { name } = service;
    assertService(name);
    this.#assertFree(service);
    this.#services.set(name, service);
    this.#onChange("add", name);
    return removable(() => {
      this.#services.delete(name);
      this.#onChange("remove", name);
    });
  }

  get(name: string): Service | undefined {
    return this.#services.get(name);
  }

  has(name: string): boolean {
    return this.#services.has(name);
  }

  list(): string[] {
    return [...this.#services.keys()];
  }

  #assertFree({ name, owner }: Service): void {
    const first = this.#services.get(name);
    if (first?.owner === owner) {
      const text = `requests for ${quoted(name)} are already answered by ${owner} itself; choose another name, or remove the first`;
      throw new MeshError("name_taken", text);
    }
    if (first !== undefined) {
      const text =
        `requests for ${quoted(name)} are already answered by ${first.owner}; ${owner} must choose another ` +
        `name, or ${first.owner} must be unloaded first`;
      throw new MeshError("name_taken", text);
    }
    if (this.#services.size < SERVICES_MAX) return;
    const text =
      `${owner} cannot serve ${quoted(name)}: this node serves ${SERVICES_MAX} names and may serve no more; ` +
      "end some, or let one name do for many";
    throw new MeshError("too_many_subscriptions", text);
  }
}
