/** How text is written in a command so that the console takes it for text. */

/**
 * | name | what it does | for |
 * |---|---|---|
 * | `none` | nothing | consoles that take the rest of the line as it is |
 * | `chat` | nothing | consoles that take each line for chat, and none for a command |
 * | `quotes` | a backslash before `"` and `\` | consoles with quotes and escapes |
 * | `apostrophe` | `'` for `"` | consoles with quotes and no way to write one, as of the Source engine |
 * | `json` | as within a string of JSON | Minecraft |
 * | `mux` | a backslash before each of `\ % [ ] { } ; , ( )` | commands of a MUX that evaluate text, as `say` and `@pemit` do; `@cemit` does not |
 */
export const ESCAPES = ["none", "chat", "quotes", "apostrophe", "json", "mux"] as const;

export type EscapeName = (typeof ESCAPES)[number];

/** Of one line without control characters; each character for itself. */
export type Escape = (text: string) => string;

const ESCAPE_BY_NAME: Readonly<Record<EscapeName, Escape>> = {
  none: (text) => text,
  chat: (text) => text,
  quotes: (text) => text.replace(/["\\]/g, "\\$&"),
  apostrophe: (text) => text.replaceAll('"', "'"),
  json: (text) => JSON.stringify(text).slice(1, -1),
  mux: (text) => text.replace(/[\\%[\]{};,()]/g, "\\$&"),
};

export function escapeBy(name: EscapeName): Escape {
  return ESCAPE_BY_NAME[name];
}
