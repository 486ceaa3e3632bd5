/** The face of `rcon/` for the games that are spoken to by RCON. */

export { connectRcon } from "./rcon/connect.ts";
export { MINECRAFT, type RconDialect, SOURCE, SOURCE_2 } from "./rcon/dialect.ts";
export type { RconClient } from "./rcon/rcon-client.ts";
export { RconError } from "./rcon/rcon-error.ts";
