import type { NodeConfig } from "../../../mesh/config/config.ts";
import { ConfigError } from "../../../mesh/config/config-error.ts";
import { type ReadConfigOptions, readConfig } from "../../../mesh/config/read-config.ts";

type Options = Partial<ReadConfigOptions>;

/** With nothing from the machine that runs the tests. */
function read(text: string, options: Options = {}): Promise<NodeConfig | ConfigError> {
  const machine = { hostName: "machine-7", environment: {} };
  return readConfig({ path: "config/node.ini", text, ...machine, ...options });
}

/** The config that it is. */
export async function accepted(text: string, options?: Options): Promise<NodeConfig> {
  const config = await read(text, options);
  if (config instanceof ConfigError) throw config;
  return config;
}

/** Why it is none. */
export async function refused(text: string, options?: Options): Promise<ConfigError> {
  const error = await read(text, options);
  if (!(error instanceof ConfigError)) throw new Error("the config was accepted");
  return error;
}

export async function message(text: string, options?: Options): Promise<string> {
  return (await refused(text, options)).message;
}
