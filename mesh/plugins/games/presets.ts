/** The games that `[game] adapter` can name. */

import type { Preset } from "./adapter.ts";
import { CCP_PRESET } from "./ccp/adapter.ts";
import { DDNET_PRESET, TEEWORLDS_PRESET } from "./econ/adapter.ts";
import { MINECRAFT_PRESET } from "./minecraft/preset.ts";
import { OPENTTD_PRESET } from "./openttd/adapter.ts";
import { SOURCE_PRESET } from "./source/preset.ts";

const ALL: readonly Preset[] = [
  CCP_PRESET,
  DDNET_PRESET,
  MINECRAFT_PRESET,
  OPENTTD_PRESET,
  SOURCE_PRESET,
  TEEWORLDS_PRESET,
];

export const PRESETS: Readonly<Record<string, Preset>> = Object.fromEntries(
  ALL.map((preset) => [preset.name, preset]),
);
