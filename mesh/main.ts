/** What `bun run node.ts` does, from arguments to exit code. */

import { HELP_TEXT, parseArguments } from "./arguments.ts";
import type { NodeConfig } from "./config/config.ts";
import { ConfigError } from "./config/config-error.ts";
import { readConfig } from "./config/read-config.ts";
import { surroundingMistakes } from "./config/surroundings.ts";
import { createLogger, type Logger } from "./log.ts";
import { MeshNode, VERSION } from "./mesh-node.ts";
import { NodeError } from "./node-error.ts";

/** Runs the node until it is told to stop. Resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const parsed = parseArguments(args);
  switch (parsed.action) {
    case "help":
      print(HELP_TEXT.trimEnd());
      return 0;
    case "version":
      print(VERSION);
      return 0;
    case "refuse":
      complain(parsed.text);
      return 2;
    case "run":
    case "check":
      break;
  }
  const read = (): Promise<NodeConfig | ConfigError> =>
    readConfig({ path: parsed.configPath, overrides: parsed.overrides });
  const config = await read();
  if (config instanceof ConfigError) {
    complain(config.message);
    return 2;
  }
  if (parsed.action === "check") {
    return check(config, parsed.configPath);
  }
  return run({ config, configPath: parsed.configPath, read });
}

/** What only a look at the machine can tell: names that resolve, files that are there. */
async function check(config: NodeConfig, configPath: string): Promise<number> {
  const mistakes = await surroundingMistakes(config, configPath);
  if (mistakes.length > 0) {
    complain(mistakes.join("\n"));
    return 2;
  }
  print(`${configPath} is fine`);
  return 0;
}

interface Run {
  readonly config: NodeConfig;
  readonly configPath: string;
  readonly read: () => Promise<NodeConfig | ConfigError>;
}

async function run({ config, configPath, read }: Run): Promise<number> {
  const log = loggerOf(config);
  let node: MeshNode;
  try {
    node = await MeshNode.listen({ config, configPath, log });
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    complain(error.message);
    return 1;
  }
  const onUncaught = (error: unknown): void => node.onUncaught(error);
  process.on("uncaughtException", onUncaught).on("unhandledRejection", onUncaught);
  // One after the other, so that the config read last is the one that stays.
  let applied: Promise<void> = Promise.resolve();
  process.on("SIGHUP", () => {
    applied = applied.then(() => reconfigure(node, read, log)).catch(onUncaught);
  });
  const stop = told("SIGTERM", "SIGINT");
  // A plugin that takes long to load does not keep the node from being told.
  void node.loadPlugins();
  await stop;
  // Whoever says it twice is in a hurry.
  void told("SIGTERM", "SIGINT").then(() => process.exit(1));
  await node.stop();
  return 0;
}

async function reconfigure(
  node: MeshNode,
  read: () => Promise<NodeConfig | ConfigError>,
  log: Logger,
): Promise<void> {
  const config = await read();
  if (config instanceof ConfigError) {
    log.error("the config was not applied", { mistakes: config.message });
    return;
  }
  await node.reconfigure(config);
}

function loggerOf({ log: { level, format } }: NodeConfig): Logger {
  const terminal = process.stdout.isTTY;
  return createLogger({
    level,
    format: format === "auto" ? (terminal ? "text" : "json") : format,
    color: terminal,
    write: print,
  });
}

function told(...signals: readonly NodeJS.Signals[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of signals) process.once(signal, () => resolve());
  return promise;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}
