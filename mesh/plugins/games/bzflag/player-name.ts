/** What begins with a name whose length stands before it. */
export interface Named {
  readonly name: string;
  readonly rest: string;
}

/**
 * Reads `5:Alice hello`: a number of bytes, the name of so many, a blank and the rest. So no name and no text can
 * look like another.
 */
export function readNamed(text: string): Named | undefined {
  const [head, digits = ""] = /^(\d{1,3}):/.exec(text) ?? [];
  if (head === undefined) return undefined;
  const bytes = Buffer.from(text.slice(head.length));
  const length = Number(digits);
  if (length === 0 || bytes.length < length) return undefined;
  const name = bytes.subarray(0, length).toString();
  const rest = bytes.subarray(length).toString();
  if (rest !== "" && !rest.startsWith(" ")) return undefined;
  return { name, rest: rest.slice(1) };
}
