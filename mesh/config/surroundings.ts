import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { Whitelist } from "../../src/index.ts";
import { errorText } from "../error-text.ts";
import { pluginFolders, resolvePluginModule } from "../plugin-modules.ts";
import { lackingOfCollectors } from "../plugins/collectors/plugin.ts";
import { quoted } from "../printable.ts";
import { SettingsReader } from "../settings-reader.ts";
import type { NodeConfig } from "./config.ts";

/** What is wrong with the things a valid config speaks of, as they are on this machine now. */
export async function surroundingMistakes(
  config: NodeConfig,
  configPath: string,
): Promise<string[]> {
  return [
    ...(await unresolvedHosts(config)),
    ...(await unresolvedPeers(config)),
    ...tlsMistakes("[server]", config.server.tls),
    ...tlsMistakes("[mesh]", config.mesh?.tls),
    ...missingPlugins(config, configPath),
    ...(await lackingOfCollectors(
      config.node.name,
      new SettingsReader(config.plugins.settings.get("collectors") ?? {}),
    )),
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

/** A peer may be down now, so that it cannot be dialled is no mistake; that it has no address is. */
async function unresolvedPeers({ mesh }: NodeConfig): Promise<string[]> {
  const hosts = new Set(mesh?.peers.map(({ host }) => host));
  const checked = [...hosts].map(async (host) => {
    if (isIP(host) !== 0) return [];
    try {
      await lookup(host);
      return [];
    } catch (error) {
      return [`[mesh] peers: ${quoted(host)} does not resolve (${errorText(error)})`];
    }
  });
  return (await Promise.all(checked)).flat();
}

interface PemFiles {
  readonly certPath: string;
  readonly keyPath: string;
  readonly caPath?: string;
}

function tlsMistakes(section: string, tls: PemFiles | undefined): string[] {
  if (tls === undefined) return [];
  const mistakes: string[] = [];
  const read = <Result>(key: string, path: string, parse: (pem: Buffer) => Result) => {
    let pem: Buffer;
    try {
      pem = readFileSync(path);
    } catch (error) {
      const why = isNotThere(error) ? `there is no file ${path}` : errorText(error);
      mistakes.push(`${section} ${key}: ${why}`);
      return undefined;
    }
    try {
      return parse(pem);
    } catch (error) {
      mistakes.push(`${section} ${key}: ${path} cannot be used: ${errorText(error)}`);
      return undefined;
    }
  };
  const cert = read("tls_cert", tls.certPath, (pem) => new X509Certificate(pem));
  const key = read("tls_key", tls.keyPath, (pem): KeyObject => createPrivateKey(pem));
  if (cert !== undefined && key !== undefined && !cert.checkPrivateKey(key)) {
    mistakes.push(`${section} tls_key does not belong to tls_cert`);
  }
  if (tls.caPath !== undefined) read("tls_ca", tls.caPath, (pem) => new X509Certificate(pem));
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
