import type { Registration } from "../src/index.ts";

/** A registration whose removal may come while what was registered is at work. */
export interface DrainedRegistration extends Registration {
  /** Resolves once it is not at work any more, or its time for that is over. Asked after `remove`. */
  readonly drained: () => Promise<void>;
}
