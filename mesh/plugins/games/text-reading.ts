/** The face of `text/` for games that understand lines in a way of their own, or read some of them for themselves. */

export { toAscii } from "./text/ascii.ts";
export { chatLine } from "./text/chat-line.ts";
export { FileFeed } from "./text/file-feed.ts";
export { HttpFeed } from "./text/http-feed.ts";
export { type Overrides, readOverrides } from "./text/overrides.ts";
export type { Grammar, ReadLine, SpokenLine } from "./text/parts.ts";
export type { Pattern, PatternKind } from "./text/patterns.ts";
export { unprotected } from "./text/protection.ts";
export { readSay, readTell, readTemplate } from "./text/read-speech.ts";
export { RconConsole } from "./text/rcon-console.ts";
export { isLoopback } from "./text/sender.ts";
export type { Speech } from "./text/speech.ts";
export type { Template } from "./text/template.ts";
export { UdpFeed } from "./text/udp-feed.ts";
export { writtenPattern } from "./text/written-pattern.ts";
