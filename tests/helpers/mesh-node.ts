import type { NodeConfig } from "../../mesh/config/config.ts";
import { ConfigError } from "../../mesh/config/config-error.ts";
import { readConfig } from "../../mesh/config/read-config.ts";

/** Free ports of this machine alone, where nothing else is said. */
const DEFAULTS = [
  ["server", "host", "127.0.0.1"],
  ["server", "port", "0"],
  ["node", "name", "surf"],
  ["admin", "port", "0"],
] as const;

/** A config that says this in its sections. */
export async function configOf(
  sections: Readonly<Record<string, string>> = {},
): Promise<NodeConfig> {
  const texts = new Map(Object.entries(sections));
  for (const [section, key, value] of DEFAULTS) {
    const said = texts.get(section) ?? "";
    if (!new RegExp(`^${key}\\s*=`, "m").test(said)) {
      texts.set(section, `${key} = ${value}\n${said}`);
    }
  }
  const text = [...texts].map(([section, keys]) => `[${section}]\n${keys}\n`).join("");
  const config = await readConfig({ path: "node.ini", text });
  if (config instanceof ConfigError) throw config;
  return config;
}
