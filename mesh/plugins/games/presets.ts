/** The games that `[game] adapter` can name. */

import type { Preset } from "./adapter.ts";

export const PRESETS: Readonly<Record<string, Preset>> = {};
