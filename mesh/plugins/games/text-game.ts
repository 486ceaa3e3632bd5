/** The face of `text/` for the presets of games that are read by lines. */

export { LineGrammar } from "./text/grammar.ts";
export type { BuiltInPatterns } from "./text/patterns.ts";
export { readPatterns } from "./text/read-patterns.ts";
export { readSpeech } from "./text/read-speech.ts";
export { TextAdapter } from "./text/text-session.ts";
