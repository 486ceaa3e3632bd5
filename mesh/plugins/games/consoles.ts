/** The face of `console/` for the presets of games that are processes or lines. */

export { BzadminConsole } from "./console/bzadmin.ts";
export { FifoConsole } from "./console/fifo-console.ts";
export { BZADMIN_LINE_BYTES_MAX } from "./console/limits.ts";
export { readCommand } from "./console/read-command.ts";
export { readLine } from "./console/read-line.ts";
export { readOwnGrammar } from "./console/own-lines.ts";
