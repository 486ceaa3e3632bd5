/** From a config file and a command line to a config, or to everything that is wrong with the two. */

import { hostname } from "node:os";
import { type BuiltInName, isBuiltInName } from "../built-in-names.ts";
import { COLLECTORS_MAX } from "../plugins/collectors/queue-limits.ts";
import { quoted } from "../printable.ts";
import type { WrittenSettings } from "../settings-reader.ts";
import {
  BUILT_IN_SECTIONS,
  collectorNameOf,
  isBuiltInSection,
  readBuiltInSection,
  readCollectorSection,
  settingsOf,
} from "./built-in-sections.ts";
import type { NodeConfig } from "./config.ts";
import { ConfigError, type Mistake, sectionLabel } from "./config-error.ts";
import { type IniSection, parseIni } from "./ini.ts";
import {
  gatherSecrets,
  isEnvironmentSet,
  SECRET_VARIABLE,
  type SecretPlace,
  type Secrets,
} from "./mesh-secrets.ts";
import { nearest } from "./nearest.ts";
import { readConfigFile } from "./read-file.ts";
import type { Problem, WrittenSections } from "./rule-kinds.ts";
import { applyRules, keyNames, sectionNames } from "./rules.ts";

/** What the command line says instead of the file, as it was typed. */
export interface ConfigOverrides {
  readonly name?: string;
  readonly port?: string;
  readonly adminPort?: string;
  readonly data?: string;
  readonly peers?: readonly string[];
}

export interface ReadConfigOptions {
  /** The config file, as messages name it too. */
  readonly path: string;
  /** The text of the file, where it need not be read. */
  readonly text?: string;
  readonly overrides?: ConfigOverrides;
  /** The node's name where none is set. Default: the name of this machine. */
  readonly hostName?: string;
  /** Where `CCP_MESH_SECRET` is looked for. Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const OVERRIDES: readonly {
  readonly option: keyof ConfigOverrides;
  readonly flag: string;
  readonly section: string;
  readonly key: string;
}[] = [
  { option: "name", flag: "--name", section: "node", key: "name" },
  { option: "port", flag: "--port", section: "server", key: "port" },
  { option: "adminPort", flag: "--admin-port", section: "admin", key: "port" },
  { option: "data", flag: "--data", section: "node", key: "data" },
  { option: "peers", flag: "--peer", section: "mesh", key: "peers" },
];

const SECTIONS_WITH_SECRETS: ReadonlySet<string> = new Set(["mesh", "admin"]);
/** Of a token, and of a secret of the mesh; longer than every key there. */
const SECRET_CHARS_MIN = 16;

/** Checking a collector needs no name of its node. */
const COLLECTED_NODE = "node";

/** Sections of a plugin's own: `[plugin:NAME]`. */
const PLUGIN_PREFIX = "plugin:";

/** What was written for a key, and how a mistake names the place. */
interface Setting {
  readonly value: string | readonly string[];
  readonly label: string;
  readonly line?: number;
}

/** What is gathered on the way, from the file and then the overrides. */
interface Findings {
  readonly mistakes: Mistake[];
  /** By `section.key`. */
  readonly settings: Map<string, Setting>;
  /** As `section.key`: what is there, with a value that cannot be read. */
  readonly unread: Set<string>;
  readonly pluginSettings: Map<string, WrittenSettings>;
  /** Of collectors, with whose each is. */
  readonly files: Map<string, string>;
}

/**
 * Reads, checks and completes a config. It never throws: all that is wrong with the file and the
 * overrides comes back as one error.
 */
export async function readConfig(options: ReadConfigOptions): Promise<NodeConfig | ConfigError> {
  const { path, overrides = {}, hostName = hostname(), environment = process.env } = options;
  const file = options.text === undefined ? await readConfigFile(path) : { text: options.text };
  const findings: Findings = {
    mistakes: [],
    settings: new Map(),
    unread: new Set(),
    pluginSettings: new Map(),
    files: new Map(),
  };
  if ("text" in file) {
    addFile(findings, file.text);
  } else {
    findings.mistakes.push({ text: file.problem });
  }
  const { mistakes, settings, unread, pluginSettings } = findings;

  if ((settings.get("node.name")?.value ?? "") === "") {
    const label = "this machine's name, which stands in for [node] name,";
    settings.set("node.name", { value: hostName, label });
  }
  for (const { option, flag, section, key } of OVERRIDES) {
    const value = overrides[option];
    if (value !== undefined) {
      settings.set(`${section}.${key}`, { value, label: flag });
    }
  }

  const secret = environment[SECRET_VARIABLE];
  const written = writtenSections(settings);
  const isMeshOn = isEnvironmentSet(secret) || Object.keys(written["mesh"] ?? {}).length > 0;
  const secrets = isMeshOn ? await secretsOf(settings, secret) : { secrets: [] };
  // One that cannot be read is there.
  const isThere = unread.has("mesh.secret") || unread.has("mesh.secret_file");
  if ("problem" in secrets && !(secrets.place === "none" && isThere)) {
    mistakes.push(secretMistake(secrets, settings));
  }

  const result = applyRules(written, { isMeshOn });
  if ("problems" in result) {
    mistakes.push(...result.problems.map((problem) => mistakeOf(problem, settings)));
  } else if (mistakes.length === 0 && "secrets" in secrets) {
    // On no channel, but it knows the mutes of the mesh.
    const isWithoutChat = !pluginSettings.has("game") && !pluginSettings.has("chat");
    if (isMeshOn && isWithoutChat) pluginSettings.set("chat", { channels: "" });
    const { mesh, plugins, ...config } = result.config;
    const { bus, ...others } = plugins;
    return {
      ...config,
      mesh: mesh && { ...mesh, secrets: secrets.secrets },
      plugins: { ...others, builtIn: builtInOf(bus, pluginSettings), settings: pluginSettings },
    };
  }
  return new ConfigError("code" in file ? file.code : "invalid", path, mistakes);
}

/** Where there is a game or a mesh, there is the relay of chat. */
function builtInOf(bus: boolean, settings: Findings["pluginSettings"]): readonly BuiltInName[] {
  const hasGame = settings.has("game");
  return [
    ...(bus ? (["bus"] as const) : []),
    // Before those whose events they take, so that they also go after them.
    ...(settings.has("collectors") ? (["collectors"] as const) : []),
    ...(hasGame ? (["game"] as const) : []),
    ...(hasGame || settings.has("chat") ? (["chat"] as const) : []),
  ];
}

function secretsOf(
  settings: Findings["settings"],
  environment: string | undefined,
): Promise<Secrets> {
  const file = settings.get("mesh.secret_file")?.value;
  return gatherSecrets({
    secret: settings.get("mesh.secret")?.value,
    // A list of files is a mistake that the rules name.
    file: typeof file === "string" ? file : undefined,
    environment,
  });
}

const SECRET_LABELS: Readonly<Record<SecretPlace, string>> = {
  secret: "[mesh] secret",
  secret_file: "[mesh] secret_file",
  environment: SECRET_VARIABLE,
  none: "[mesh] secret",
};

/** Where there is no secret at all, the line to blame is the first that asks for a mesh. */
function secretMistake(
  { place, problem }: { readonly place: SecretPlace; readonly problem: string },
  settings: Findings["settings"],
): Mistake {
  const written = [...settings].flatMap(([key, setting]) => {
    const isMeant = place === "none" ? key.startsWith("mesh.") : key === `mesh.${place}`;
    return isMeant && setting.line !== undefined ? [setting.line] : [];
  });
  const line = written.length > 0 ? Math.min(...written) : undefined;
  return { text: `${SECRET_LABELS[place]} ${problem}`, ...(line !== undefined && { line }) };
}

function addFile(findings: Findings, text: string): void {
  const ini = parseIni(text);
  findings.mistakes.push(...ini.mistakes);
  for (const [name, section] of ini.sections) {
    const keys = keyNames(name);
    const pluginName = pluginNameOf(name);
    const collector = collectorNameOf(name);
    if (keys !== undefined) {
      addSettings(findings, name, section, keys);
    } else if (isBuiltInSection(name)) {
      // As with other sections, one whose keys are all commented out is as good as none.
      if (section.keys.size === 0) continue;
      const { settings, mistakes } = readBuiltInSection(name, section);
      findings.pluginSettings.set(name, settings);
      findings.mistakes.push(...mistakes);
    } else if (collector !== undefined) {
      addCollector(findings, collector, section);
    } else if (pluginName !== undefined && isBuiltInName(pluginName)) {
      findings.mistakes.push({ line: section.line, text: builtInHasNoSection(pluginName) });
    } else if (pluginName !== undefined) {
      findings.pluginSettings.set(pluginName, settingsOf(section));
    } else {
      findings.mistakes.push({ line: section.line, text: unknownSection(name) });
    }
  }
}

function addSettings(
  { settings, unread, mistakes }: Findings,
  name: string,
  section: IniSection,
  known: readonly string[],
): void {
  const sectionText = sectionLabel(name);
  for (const key of section.unread) unread.add(`${name}.${key}`);
  for (const [key, { value, line }] of section.keys) {
    if (known.includes(key)) {
      settings.set(`${name}.${key}`, { value, line, label: `${sectionText} ${key}` });
      continue;
    }
    const meant = nearest(key, known);
    const hint =
      meant === undefined ? `its keys are ${known.join(", ")}` : `did you mean "${meant}"?`;
    const shown = meant === undefined && mayBeSecret(name, key) ? "" : ` ${quoted(key)}`;
    mistakes.push({ line, text: `unknown key${shown} in ${sectionText}; ${hint}` });
  }
}

/** A secret in base64 that stands in a line of its own looks like a key, with its last = and all. */
function mayBeSecret(section: string, key: string): boolean {
  return SECTIONS_WITH_SECRETS.has(section) && key.length >= SECRET_CHARS_MIN;
}

function addCollector(
  { pluginSettings, mistakes, files }: Findings,
  name: string,
  section: IniSection,
): void {
  const known = pluginSettings.get("collectors") ?? {};
  const names = new Set(Object.keys(known).map((key) => key.split(".")[0]));
  if (names.size >= COLLECTORS_MAX) {
    const text = `the config has more than ${COLLECTORS_MAX} collectors; join some, or run another node`;
    mistakes.push({ line: section.line, text });
    return;
  }
  const read = readCollectorSection(name, COLLECTED_NODE, section);
  mistakes.push(...read.mistakes);
  const shared = read.files.find((file) => files.has(file));
  if (shared !== undefined) {
    const [label, other] = [name, files.get(shared) ?? ""].map((of) =>
      sectionLabel(`collector:${of}`),
    );
    const text = `${label} url: ${shared} is a file that ${other} writes, or makes when it rotates; give each its own`;
    mistakes.push({ line: section.keys.get("url")?.line ?? section.line, text });
  }
  for (const file of read.files) if (!files.has(file)) files.set(file, name);
  pluginSettings.set("collectors", { ...known, ...read.settings });
}

function builtInHasNoSection(name: BuiltInName): string {
  const label = sectionLabel(PLUGIN_PREFIX + name);
  if (name === "collectors") return `${label} is written [collector:NAME], one for each collector`;
  return isBuiltInSection(name)
    ? `${label} is written ${sectionLabel(name)}, because that plugin comes with the node`
    : `${label} has no keys; bus = off in [plugins] switches that plugin off`;
}

function pluginNameOf(section: string): string | undefined {
  const name = section.startsWith(PLUGIN_PREFIX) ? section.slice(PLUGIN_PREFIX.length) : "";
  return name === name.trim() && name !== "" ? name : undefined;
}

function unknownSection(written: string): string {
  const meant = nearestSection(written);
  const all = [...sectionNames(), ...BUILT_IN_SECTIONS, "collector:NAME", `${PLUGIN_PREFIX}NAME`];
  const list = all.map(sectionLabel).join(", ");
  const hint =
    meant === undefined ? `the sections are ${list}` : `did you mean ${sectionLabel(meant)}?`;
  return `unknown section ${sectionLabel(written)}; ${hint}`;
}

function nearestSection(written: string): string | undefined {
  const colon = written.indexOf(":");
  if (colon === -1) {
    return nearest(written, [...sectionNames(), ...BUILT_IN_SECTIONS]);
  }
  const name = written.slice(colon + 1).trim();
  const prefix = nearest(written.slice(0, colon + 1), [PLUGIN_PREFIX, "collector:"]);
  return prefix === undefined || name === "" ? undefined : prefix + name;
}

function writtenSections(settings: Findings["settings"]): WrittenSections {
  const sections: Record<string, Record<string, Setting["value"]>> = {};
  for (const section of sectionNames()) {
    const keys: Record<string, Setting["value"]> = {};
    for (const key of keyNames(section) ?? []) {
      const setting = settings.get(`${section}.${key}`);
      if (setting !== undefined) {
        keys[key] = setting.value;
      }
    }
    sections[section] = keys;
  }
  return sections;
}

function mistakeOf({ keys, text }: Problem, settings: Findings["settings"]): Mistake {
  const blamed = keys.find((key) => settings.has(key));
  const setting = blamed === undefined ? undefined : settings.get(blamed);
  const line = setting?.line;
  return { text: `${setting?.label ?? keys[0]} ${text}`, ...(line !== undefined && { line }) };
}
