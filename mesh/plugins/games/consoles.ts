/** The face of `console/` for the presets of games that are processes or lines. */

export { BzadminConsole } from "./console/bzadmin.ts";
export { FifoConsole } from "./console/fifo-console.ts";
export { BZADMIN_LINE_BYTES_MAX, LOGIN_LINES_MAX } from "./console/limits.ts";
export { LineConsole } from "./console/line-connection.ts";
export { readCommand } from "./console/read-command.ts";
export { readOwnGrammar } from "./console/own-lines.ts";
