/** What `bun run node.ts` does, from arguments to exit code. */

import { HELP_TEXT, parseArguments } from "./arguments.ts";
import type { NodeConfig } from "./config/config.ts";
import { ConfigError } from "./config/config-error.ts";
import { readConfig } from "./config/read-config.ts";
import { surroundingMistakes } from "./config/surroundings.ts";
import { createLogger, type LogFormat, type Logger } from "./log.ts";
import { logOutput } from "./log-output.ts";
import { MeshNode, VERSION } from "./mesh-node.ts";
import { tryCollector } from "./plugins/collectors/try-collector.ts";
import { SettingsReader } from "./settings-reader.ts";
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
    case "test_collector":
      break;
  }
  const { action, configPath, overrides } = parsed;
  const read = (): Promise<NodeConfig | ConfigError> => readConfig({ path: configPath, overrides });
  if (action === "test_collector") return await testCollector(parsed.collector, read);
  return action === "check" ? check(configPath, read) : run(configPath, read);
}

type ReadConfig = () => Promise<NodeConfig | ConfigError>;

/** What only a look at the machine can tell: names that resolve, files that are there. */
async function check(configPath: string, read: ReadConfig): Promise<number> {
  const config = await read();
  if (config instanceof ConfigError) {
    complain(config.message);
    return 2;
  }
  const mistakes = await surroundingMistakes(config, configPath);
  if (mistakes.length > 0) {
    complain(mistakes.join("\n"));
    return 2;
  }
  print(`${configPath} is fine`);
  return 0;
}

/** The node need not run, and may. */
async function testCollector(name: string, read: ReadConfig): Promise<number> {
  const config = await read();
  if (config instanceof ConfigError) {
    complain(config.message);
    return 2;
  }
  const settings = config.plugins.settings.get("collectors") ?? {};
  const { ok, text } = await tryCollector(name, config.node.name, new SettingsReader(settings));
  if (ok) print(text);
  else complain(text);
  return ok ? 0 : 1;
}

async function run(configPath: string, read: ReadConfig): Promise<number> {
  // First of all: until there is a handler, a signal kills.
  const stop = told("SIGTERM", "SIGINT");
  const listening = Promise.withResolvers<Running>();
  // One after the other, so that the config read last is the one that stays.
  let applied: Promise<void> = Promise.resolve();
  process.on("SIGHUP", () => {
    applied = applied.then(async () => reconfigure(await listening.promise, read));
  });
  const running = await Promise.race([start(configPath, read), stop]);
  if (running === undefined) return 0;
  if ("exitCode" in running) return running.exitCode;
  const { node, log, format } = running;
  const onUncaught = (error: unknown): void => node.onUncaught(error);
  process.on("uncaughtException", onUncaught).on("unhandledRejection", onUncaught);
  listening.resolve(running);
  // A plugin that takes long to load does not keep the node from being told.
  void node.loadPlugins();
  await stop;
  // Whoever says it twice is in a hurry.
  void told("SIGTERM", "SIGINT").then(() => process.exit(1));
  if (format === "text") log.info("told to stop; a second signal exits at once");
  await node.stop();
  return 0;
}

interface Running {
  readonly node: MeshNode;
  readonly log: Logger;
  readonly format: LogFormat;
}

async function start(
  configPath: string,
  read: ReadConfig,
): Promise<Running | { readonly exitCode: number }> {
  const config = await read();
  if (config instanceof ConfigError) {
    complain(config.message);
    return { exitCode: 2 };
  }
  const format = formatOf(config);
  const log = loggerOf(config, format);
  try {
    return { node: await MeshNode.listen({ config, configPath, log }), log, format };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    complain(error.message);
    return { exitCode: 1 };
  }
}

async function reconfigure({ node, log }: Running, read: ReadConfig): Promise<void> {
  const config = await read();
  if (config instanceof ConfigError) {
    for (const mistake of config.message.split("\n")) {
      log.error(`the config was not applied: ${mistake}`);
    }
    return;
  }
  try {
    await node.reconfigure(config);
  } catch (error) {
    node.onUncaught(error);
  }
}

function formatOf({ log: { format } }: NodeConfig): LogFormat {
  if (format !== "auto") return format;
  return process.stdout.isTTY ? "text" : "json";
}

function loggerOf({ log: { level } }: NodeConfig, format: LogFormat): Logger {
  const log = createLogger({
    level,
    format,
    color: process.stdout.isTTY && !process.env["NO_COLOR"],
    write: logOutput({
      stream: process.stdout,
      onLost: (lines) =>
        log.warn("lines of the log were lost: its reader is too slow, or its disk is full", {
          lines,
        }),
    }),
  });
  return log;
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
