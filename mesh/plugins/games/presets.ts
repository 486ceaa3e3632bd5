/** The games that `[game] adapter` can name. */

import type { Preset } from "./adapter.ts";
import { BZFLAG_PRESET } from "./bzflag/preset.ts";
import { CCP_PRESET } from "./ccp/adapter.ts";
import { DDNET_PRESET, TEEWORLDS_PRESET } from "./econ/adapter.ts";
import { LINE_PRESET } from "./line/preset.ts";
import { MINECRAFT_PRESET } from "./minecraft/preset.ts";
import { OPENTTD_PRESET } from "./openttd/adapter.ts";
import { PROCESS_PRESET } from "./process/preset.ts";
import { SOURCE_PRESET } from "./source/preset.ts";

const ALL: readonly Preset[] = [
  BZFLAG_PRESET,
  CCP_PRESET,
  DDNET_PRESET,
  LINE_PRESET,
  MINECRAFT_PRESET,
  OPENTTD_PRESET,
  PROCESS_PRESET,
  SOURCE_PRESET,
  TEEWORLDS_PRESET,
];

export const PRESETS: Readonly<Record<string, Preset>> = Object.fromEntries(
  ALL.map((preset) => [preset.name, preset]),
);
