/** What the lines of a game say, by regular expressions with named groups. */

/** In the order in which they are tried; the first that fits counts. */
export const PATTERN_KINDS = [
  "ignore",
  "admin_chat",
  "team_chat",
  "chat",
  "join",
  "leave",
  "rename",
  "map",
] as const;

export type PatternKind = (typeof PATTERN_KINDS)[number];

/** `before` is the former name of a player. */
export const GROUPS = ["player", "text", "id", "team", "map", "before"] as const;

export type Group = (typeof GROUPS)[number];

/** The groups that a kind cannot do without. */
export const NEEDED_GROUPS: Readonly<Record<PatternKind, readonly Group[]>> = {
  ignore: [],
  admin_chat: ["player", "text"],
  team_chat: ["player", "text"],
  chat: ["player", "text"],
  join: ["player"],
  leave: ["player"],
  rename: ["player", "before"],
  map: ["map"],
};

/** What the named groups matched; a group that took no part is not there, or `null`. */
export type Groups = Readonly<Record<string, string | null | undefined>>;

export interface Pattern {
  /** `undefined` if the line does not fit. */
  match(line: string): Groups | undefined;
}

export type Patterns = Readonly<Record<PatternKind, readonly Pattern[]>>;

/** Of the kinds that an operator has written; the others are not there. */
export type WrittenPatterns = Readonly<Record<PatternKind, readonly Pattern[] | undefined>>;

/** Those that come with a preset. They must take a time that grows with the line alone, as any line may come. */
export type BuiltInPatterns = Readonly<Partial<Record<PatternKind, readonly RegExp[]>>>;

const NO_GROUPS: Groups = {};

export function nativePattern(expression: RegExp): Pattern {
  return {
    match: (line) => {
      const match = expression.exec(line);
      return match === null ? undefined : (match.groups ?? NO_GROUPS);
    },
  };
}
