/** The kinds of values that keys take, whichever section they stand in. */

import * as v from "valibot";
import { quoted } from "../printable.ts";

export const ONE_VALUE = "takes one value; write it without []";

/** A list in one line with commas, or one item a line with `key[] =`. */
export const LIST: v.GenericSchema<unknown, string[]> = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((written) => (typeof written === "string" ? written.split(",") : written)),
  v.transform((items) => items.map((item) => item.trim()).filter((item) => item !== "")),
);

/** A path; empty is as good as none. */
export const PATH_OR_NONE: v.GenericSchema<unknown, string | undefined> = v.optional(
  v.pipe(v.string(ONE_VALUE), v.transform(emptyIsUnset)),
  "",
);

/** The name of a node or a cluster. */
export const NAME: v.GenericSchema<unknown, string> = checked(
  (text) => /^[A-Za-z0-9._-]{1,64}$/.test(text),
  "must be 1 to 64 letters, digits, dots, dashes or underscores",
);

/** The text of each key of each section. */
export type WrittenSections = Readonly<
  Record<string, Readonly<Record<string, string | readonly string[]>>>
>;

/** A mistake of a section's keys that concerns more than the form of one value. */
export interface Problem {
  /** As `section.key`; the first of them that is written anywhere is to blame. */
  readonly keys: readonly string[];
  /** What the key must or cannot be, to follow its name. */
  readonly text: string;
}

/** What the schema makes of what is written; undefined where that is mistaken. */
export function valid<Schema extends v.GenericSchema>(
  schema: Schema,
  written: unknown,
): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, written);
  return result.success ? result.output : undefined;
}

/** A rule whose message shows what was written. */
export function checked(
  test: (text: string) => boolean,
  must: string,
): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.string(ONE_VALUE),
    v.check(test, ({ input }) => `${must}, not ${quoted(input)}`),
  );
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export function wholeNumber({ min, max }: Range): v.GenericSchema<unknown, number> {
  const isInRange = (text: string) =>
    /^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max;
  return v.pipe(
    checked(isInRange, `must be a whole number from ${min} to ${max}`),
    v.transform(Number),
  );
}

export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
): v.GenericSchema<unknown, Choice> {
  const must = `must be one of ${choices.join(", ")}`;
  return v.pipe(
    v.string(ONE_VALUE),
    v.picklist(choices, ({ input }) => `${must}, not ${quoted(String(input))}`),
  );
}

export function emptyIsUnset(text: string): string | undefined {
  return text === "" ? undefined : text;
}
