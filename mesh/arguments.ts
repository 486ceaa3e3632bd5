/** The command line of the node. */

import { parseArgs } from "node:util";
import { nearest } from "./config/nearest.ts";
import type { ConfigOverrides } from "./config/read-config.ts";
import { printable, quoted, shortened } from "./printable.ts";

const DEFAULT_CONFIG_PATH = "config/node.ini";

export type NodeArguments =
  | {
      /** `check` reads the config, says what is wrong with it, and exits. */
      readonly action: "run" | "check";
      readonly configPath: string;
      /** As typed; the config's rules judge them together with the file. */
      readonly overrides: ConfigOverrides;
    }
  | {
      /** Sends one event to a collector, and says what came back. */
      readonly action: "test_collector";
      readonly collector: string;
      readonly configPath: string;
      readonly overrides: ConfigOverrides;
    }
  | { readonly action: "help" | "version" }
  | {
      readonly action: "refuse";
      /** Ready for a terminal: one mistake a line. */
      readonly text: string;
    };

const OPTIONS = {
  config: { type: "string" },
  name: { type: "string" },
  port: { type: "string" },
  "admin-port": { type: "string" },
  data: { type: "string" },
  peer: { type: "string" },
  check: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

export const HELP_TEXT: string = `\
ccp-mesh: one TCP port per game server that every plugin shares.

Usage: bun run node.ts [options]
       bun run node.ts collector test NAME [options]

  collector test NAME  send one event to [collector:NAME]; say what comes back

  --config FILE      the config file (default: ${DEFAULT_CONFIG_PATH})
  --name NAME        instead of [node] name (default: the name of this machine)
  --port PORT        instead of [server] port (default: 28080), 0 for a free one
  --admin-port PORT  instead of [admin] port (default: 28090), 0 for a free one
  --data FOLDER      instead of [node] data (default: data)
  --peer HOST[:PORT] instead of [mesh] peers; may be repeated
  --check            list every mistake in config and options, and exit
  --help, -h         show this text and exit
  --version          show the version and exit

Examples:
  bun run node.ts --config config/surf.ini
  bun run node.ts --check --port 28081
  bun run node.ts --name surf-2 --peer 10.0.0.1 --peer 10.0.0.3:28081

Environment:
  CCP_MESH_SECRET  the secret of the mesh, where the config has none

Exit codes:
  0  all is well, or it was told to stop and did
  1  it could not start, or failed while running
  2  the config or the options are mistaken, and nothing was started

Signals:
  SIGTERM, SIGINT  finish what is under way and exit with 0
  SIGHUP           read the config again and apply what can change while running
`;

/**
 * Judges `args`, those after the program's name. Where an option is repeated, the last one counts;
 * each `--peer` does.
 */
export function parseArguments(args: readonly string[]): NodeArguments {
  // Strict parsing would stop at the first mistake, so the tokens are judged here.
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  const given = new Map<string, string>();
  const peers: string[] = [];
  const words: string[] = [];
  const mistakes = new Set<string>();
  let isAfterUnknown = false;
  for (const token of tokens) {
    if (token.kind === "option") {
      const mistake = optionMistake(token, args);
      if (mistake === undefined) {
        given.set(token.name, token.value ?? "");
        if (token.name === "peer") peers.push(token.value ?? "");
      } else {
        mistakes.add(mistake);
      }
      isAfterUnknown = mistake !== undefined;
    } else if (token.kind === "positional" && !isAfterUnknown) {
      words.push(token.value);
    }
  }
  const collector = words[0] === "collector" && words[1] === "test" ? words[2] : undefined;
  if (words[0] === "collector" && (collector === undefined || words.length > 3)) {
    mistakes.add("a collector is tested with: collector test NAME");
  } else if (collector === undefined) {
    for (const word of words) {
      mistakes.add(`unexpected ${quoted(word)}; a config file is given as --config FILE`);
    }
  }
  if (given.has("help")) {
    return { action: "help" };
  }
  if (mistakes.size > 0) {
    return { action: "refuse", text: [...mistakes].join("\n") };
  }
  if (given.has("version")) {
    return { action: "version" };
  }
  const configPath = given.get("config") ?? DEFAULT_CONFIG_PATH;
  const overrides = overridesOf(given, peers);
  if (collector !== undefined) {
    return { action: "test_collector", collector, configPath, overrides };
  }
  return { action: given.has("check") ? "check" : "run", configPath, overrides };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly index: number;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function optionMistake(token: OptionToken, args: readonly string[]): string | undefined {
  const { name, rawName, value, inlineValue } = token;
  const type = Object.entries(OPTIONS).find(([known]) => known === name)?.[1].type;
  if (type === "boolean") {
    return value === undefined ? undefined : `${rawName} takes no value`;
  }
  if (type === "string") {
    // After `--port --check`, the value was forgotten.
    const isNextOption = inlineValue === false && /^-./.test(value ?? "");
    return value && !isNextOption ? undefined : `${rawName} needs a value`;
  }
  // `-port` arrives here letter by letter, and is shown as it was typed.
  const typed = rawName.startsWith("--") ? rawName : (args[token.index] ?? rawName);
  const meant = nearest(typed.replace(/^-+/, ""), Object.keys(OPTIONS));
  const hint = meant === undefined ? "--help lists them all" : `did you mean --${meant}?`;
  return `unknown option ${printable(shortened(typed, 64))}; ${hint}`;
}

function overridesOf(
  given: ReadonlyMap<string, string>,
  peers: readonly string[],
): ConfigOverrides {
  const name = given.get("name");
  const port = given.get("port");
  const adminPort = given.get("admin-port");
  const data = given.get("data");
  return {
    ...(name !== undefined && { name }),
    ...(port !== undefined && { port }),
    ...(adminPort !== undefined && { adminPort }),
    ...(data !== undefined && { data }),
    ...(peers.length > 0 && { peers }),
  };
}
