/** Which player of which server somebody means. */

import { CANDIDATES_MAX } from "./limits.ts";
import { safeName } from "./safe-chat.ts";

export interface PlayerQuery {
  /** The name, or its beginning. */
  readonly name: string;
  /** Undefined for all servers. */
  readonly server: string | undefined;
}

export type FoundPlayer =
  | { readonly kind: "found"; readonly server: string; readonly name: string }
  /** `candidates` are the first ones, as they can be written in a command; `more` is how many there are beyond. */
  | { readonly kind: "ambiguous"; readonly candidates: readonly string[]; readonly more: number }
  | { readonly kind: "nobody" };

interface Candidate {
  readonly server: string;
  readonly name: string;
}

/** From the strictest to the most lenient; the first with any match decides. What is typed has no two spaces in a row. */
const RULES: readonly ((name: string, wanted: string) => boolean)[] = [
  (name, wanted) => name === wanted,
  (name, wanted) => plain(name) === plain(wanted),
  (name, wanted) => plain(name).startsWith(plain(wanted)),
];

/** @param players the names of the players of each server */
export function findPlayer(
  players: ReadonlyMap<string, readonly string[]>,
  { name, server }: PlayerQuery,
): FoundPlayer {
  if (server !== undefined && !isServer(players, server)) {
    // It was no server, but an @ in a name.
    return findPlayer(players, { name: `${name}@${server}`, server: undefined });
  }
  const all = candidatesOf(players, server);
  for (const rule of RULES) {
    const matching = name === "" ? [] : all.filter((candidate) => rule(candidate.name, name));
    const [only] = matching;
    if (only !== undefined) return matching.length === 1 ? found(only) : ambiguous(matching);
  }
  return { kind: "nobody" };
}

function isServer(players: ReadonlyMap<string, readonly string[]>, server: string): boolean {
  return [...players.keys()].some((known) => isSame(known, server));
}

/** Two players of one name on one server are one: nothing that can be written tells them apart. */
function candidatesOf(
  players: ReadonlyMap<string, readonly string[]>,
  wanted: string | undefined,
): readonly Candidate[] {
  const exact = wanted !== undefined && players.has(wanted);
  return [...players].flatMap(([server, names]) => {
    const isMeant = wanted === undefined || (exact ? server === wanted : isSame(server, wanted));
    return isMeant ? [...new Set(names)].map((name) => ({ server, name })) : [];
  });
}

function found({ server, name }: Candidate): FoundPlayer {
  return { kind: "found", server, name };
}

function ambiguous(matching: readonly Candidate[]): FoundPlayer {
  const candidates = matching.slice(0, CANDIDATES_MAX).map(written);
  return { kind: "ambiguous", candidates, more: matching.length - candidates.length };
}

function written({ server, name }: Candidate): string {
  const isBare = /^[^\s"@]+$/.test(name);
  return `${isBare ? name : `"${name}"`}@${server}`;
}

/** As others read the name and write it. */
function plain(name: string): string {
  return (safeName(name) ?? name).normalize("NFC").toLowerCase();
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
