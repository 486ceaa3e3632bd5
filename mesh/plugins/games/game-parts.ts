/** The face of `parts/` for the presets of games that are put together of parts. */

export { readParts } from "./parts/part-kinds.ts";
