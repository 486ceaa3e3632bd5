/** The section `[limits]`: what clients may use, and what nodes may use of each other. */

import * as v from "valibot";
import { DEFAULT_ENDPOINT_LIMITS, type EndpointLimits, limitRange } from "../../src/index.ts";
import { DEFAULT_MESH_LIMITS, type MeshLimits } from "../mesh-limits.ts";
import {
  type Problem,
  type Range,
  valid,
  type WrittenSections,
  wholeNumber,
} from "./rule-kinds.ts";

/** The values that a limit of the mesh may have, ends included, where they are not those of its unit. */
const MESH_RANGES: Readonly<Partial<Record<keyof MeshLimits, Range>>> = {
  // Longer payloads other nodes do not take. [MESH-7.1]
  meshPayloadBytesMax: { min: 1, max: 8 * 1024 * 1024 },
  // More a node may not want of others. [MESH-6.2]
  meshSubscriptionsMax: { min: 1, max: 10_000 },
};

/** The first must be less than the second, or not be more. */
const MESH_ORDER: readonly {
  readonly lower: keyof MeshLimits;
  readonly upper: keyof MeshLimits;
  readonly mayBeEqual: boolean;
}[] = [
  { lower: "meshPingIntervalMs", upper: "meshSilenceTimeoutMs", mayBeEqual: false },
  { lower: "meshPayloadBytesMax", upper: "meshQueueBytesMax", mayBeEqual: true },
];

const ENDPOINT_LIMIT_NAMES = Object.keys(DEFAULT_ENDPOINT_LIMITS);
const MESH_LIMIT_NAMES = Object.keys(DEFAULT_MESH_LIMITS);

/** Each limit by its name in snake_case; undefined where it is not written. */
export type WrittenLimits = Readonly<Record<string, number | undefined>>;

type LimitEntries = Record<string, v.GenericSchema<unknown, number | undefined>>;

/** The keys of the section. */
export const LIMIT_ENTRIES: LimitEntries = Object.fromEntries(
  [...ENDPOINT_LIMIT_NAMES, ...MESH_LIMIT_NAMES].map((name) => [
    snakeCase(name),
    v.optional(wholeNumber(rangeOf(name))),
  ]),
);

/** Complete, with the defaults of what is not written. */
export function endpointLimitsOf(written: WrittenLimits): EndpointLimits {
  return { ...DEFAULT_ENDPOINT_LIMITS, ...changes(ENDPOINT_LIMIT_NAMES, written) };
}

/** As {@link endpointLimitsOf}. */
export function meshLimitsOf(written: WrittenLimits): MeshLimits {
  return { ...DEFAULT_MESH_LIMITS, ...changes(MESH_LIMIT_NAMES, written) };
}

/** Limits that contradict each other. */
export function limitProblems({ limits = {} }: WrittenSections): Problem[] {
  return MESH_ORDER.flatMap(({ lower, upper, mayBeEqual }) => {
    const [lowerKey, upperKey] = [snakeCase(lower), snakeCase(upper)];
    const lowerValue = valueOf(lower, limits[lowerKey]);
    const upperValue = valueOf(upper, limits[upperKey]);
    if (lowerValue === undefined || upperValue === undefined) return [];
    if (lowerValue < upperValue || (mayBeEqual && lowerValue === upperValue)) return [];
    // The one to blame is the one that somebody wrote.
    if (limits[lowerKey] !== undefined) {
      const must = mayBeEqual ? "at most" : "less than";
      const text = `must be ${must} ${upperKey}, which is ${upperValue}, not ${lowerValue}`;
      return [{ keys: [`limits.${lowerKey}`], text }];
    }
    const must = mayBeEqual ? "at least" : "more than";
    const text = `must be ${must} ${lowerKey}, which is ${lowerValue}, not ${upperValue}`;
    return [{ keys: [`limits.${upperKey}`], text }];
  });
}

function valueOf(name: keyof MeshLimits, written: unknown): number | undefined {
  if (written === undefined) return DEFAULT_MESH_LIMITS[name];
  return valid(wholeNumber(rangeOf(name)), written);
}

function rangeOf(name: string): Range {
  const own = Object.entries(MESH_RANGES).find(([known]) => known === name)?.[1];
  return own ?? limitRange(name);
}

function changes(names: readonly string[], written: WrittenLimits): Record<string, number> {
  const changed: Record<string, number> = {};
  for (const name of names) {
    const value = written[snakeCase(name)];
    if (value !== undefined) changed[name] = value;
  }
  return changed;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
