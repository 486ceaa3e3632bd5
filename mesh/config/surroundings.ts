import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
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
    ...tlsMistakes(config),
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

function tlsMistakes({ server: { tls } }: NodeConfig): string[] {
  if (tls === undefined) return [];
  const mistakes: string[] = [];
  const read = <Result>(key: string, path: string, parse: (pem: Buffer) => Result) => {
    let pem: Buffer;
    try {
      pem = readFileSync(path);
    } catch (error) {
      const why = isNotThere(error) ? `there is no file ${path}` : errorText(error);
      mistakes.push(`[server] ${key}: ${why}`);
      return undefined;
    }
    try {
      return parse(pem);
    } catch (error) {
      mistakes.push(`[server] ${key}: ${path} cannot be used: ${errorText(error)}`);
      return undefined;
    }
  };
  const cert = read("tls_cert", tls.certPath, (pem) => new X509Certificate(pem));
  const key = read("tls_key", tls.keyPath, (pem): KeyObject => createPrivateKey(pem));
  if (cert !== undefined && key !== undefined && !cert.checkPrivateKey(key)) {
    mistakes.push("[server] tls_key does not belong to tls_cert");
  }
  return mistakes;
}

function isNotThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
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
