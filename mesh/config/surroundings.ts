import { existsSync } from "node:fs";
import { Whitelist } from "../../src/index.ts";
import { errorText } from "../error-text.ts";
import { pluginFolders, resolvePluginModule } from "../plugin-modules.ts";
import type { NodeConfig } from "./config.ts";

/** What is wrong with the things a valid config speaks of, as they are on this machine now. */
export async function surroundingMistakes(
  config: NodeConfig,
  configPath: string,
): Promise<string[]> {
  return [
    ...(await unresolvedHosts(config)),
    ...missingTlsFiles(config),
    ...missingPlugins(config, configPath),
  ];
}

async function unresolvedHosts({ server }: NodeConfig): Promise<string[]> {
  const mistakes: string[] = [];
  const whitelist = await Whitelist.create(server.whitelist, {
    onUnresolved: (_host, error) => mistakes.push(error.message),
  });
  whitelist.close();
  return mistakes;
}

function missingTlsFiles({ server: { tls } }: NodeConfig): string[] {
  const named = tls === undefined ? {} : { tls_cert: tls.certPath, tls_key: tls.keyPath };
  return Object.entries(named)
    .filter(([, path]) => !existsSync(path))
    .map(([key, path]) => `[server] ${key}: there is no file ${path}`);
}

function missingPlugins({ plugins }: NodeConfig, configPath: string): string[] {
  return plugins.load.flatMap((module) => {
    try {
      resolvePluginModule(module, pluginFolders(configPath));
      return [];
    } catch (error) {
      return [`[plugins] load: ${errorText(error)}`];
    }
  });
}
