import { MeshError } from "../mesh-error.ts";
import { type Interest, interestKey } from "./interest.ts";
import { DEFAULT_INTEREST_LIMITS, type InterestLimits } from "./limits.ts";
import { assertGroup, assertPattern, hasWildcard } from "./topic.ts";

/**
 * What came of what a peer wants.
 *
 * | answer | it means |
 * |---|---|
 * | `ok` | it is noted |
 * | `invalid` | a pattern or a group is not written as it must be; nothing was changed |
 * | `too_many` | the peer would want more than one peer may; nothing was changed |
 */
export type InterestAnswer = "ok" | "invalid" | "too_many";

/** What one peer wants, by key: checked, bounded, and to each something that is kept with it. */
export class InterestSet<Kept> {
  readonly #limits: InterestLimits;
  readonly #noted = new Map<string, { readonly interest: Interest; readonly kept: Kept }>();
  #wildcards = 0;

  constructor(limits: InterestLimits = DEFAULT_INTEREST_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#noted.size;
  }

  /** `keep` is called if the interest is new, and there is room for it. */
  add({ pattern, group }: Interest, keep: (interest: Interest) => Kept): InterestAnswer {
    const interest = { pattern, group };
    if (!isValid(interest)) return "invalid";
    const key = interestKey(interest);
    if (this.#noted.has(key)) return "ok";
    const isWildcard = hasWildcard(pattern);
    const { interestsMax, wildcardsMax } = this.#limits;
    if (this.#noted.size >= interestsMax) return "too_many";
    if (isWildcard && this.#wildcards >= wildcardsMax) return "too_many";
    if (isWildcard) this.#wildcards += 1;
    this.#noted.set(key, { interest, kept: keep(interest) });
    return "ok";
  }

  has(interest: Interest): boolean {
    return this.#noted.has(interestKey(interest));
  }

  /** Answers what was kept with it, if it was there. */
  remove(interest: Interest): Kept | undefined {
    const key = interestKey(interest);
    const noted = this.#noted.get(key);
    if (noted === undefined) return undefined;
    this.#noted.delete(key);
    if (hasWildcard(noted.interest.pattern)) this.#wildcards -= 1;
    return noted.kept;
  }

  list(): Interest[] {
    return [...this.#noted.values()].map(({ interest }) => interest);
  }
}

function isValid({ pattern, group }: Interest): boolean {
  try {
    assertPattern(pattern);
    if (group !== undefined) assertGroup(group);
    return true;
  } catch (error) {
    if (error instanceof MeshError) return false;
    throw error;
  }
}
