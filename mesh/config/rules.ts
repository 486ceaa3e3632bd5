/** Every section and key of a config file: how it is spelt, its default, and what it may say. */

import * as v from "valibot";
import { parseWhitelistEntry } from "../../src/index.ts";
import { errorText } from "../error-text.ts";
import { LOG_LEVELS } from "../log.ts";
import { printable, quoted, shortened } from "../printable.ts";
import type { MeshConfig, NodeConfig, PluginsConfig } from "./config.ts";
import { hostsOverlap, isHost, isLoopbackHost } from "./hosts.ts";
import { endpointLimitsOf, LIMIT_ENTRIES, limitProblems, meshLimitsOf } from "./limit-rules.ts";
import { MESH_ENTRIES, meshOf, meshProblems } from "./mesh-rules.ts";
import {
  checked,
  emptyIsUnset,
  LIST,
  NAME,
  ONE_VALUE,
  oneOf,
  PATH_OR_NONE,
  type Problem,
  valid,
  type WrittenSections,
  wholeNumber,
} from "./rule-kinds.ts";

const TOKEN_CHARS_MIN = 16;
/** What a whitelist takes. */
const WHITELIST_ENTRIES_MAX = 1024;

const HOST = checked(isHost, "must be an IP address, a host name, or empty for all interfaces");
const PORT = wholeNumber({ min: 0, max: 65_535 });
const PATH = checked((text) => text !== "", "must be a path");
const SWITCH = v.pipe(
  oneOf(["on", "off"]),
  v.transform((text) => text === "on"),
);
const TOKEN = v.pipe(
  v.string(ONE_VALUE),
  // Not `checked`, which would show the token.
  v.check(
    (text) => text === "" || text.length >= TOKEN_CHARS_MIN,
    `must have at least ${TOKEN_CHARS_MIN} characters`,
  ),
  v.transform(emptyIsUnset),
);

/** A section that is added here is known everywhere; the compiler asks for its type in `NodeConfig`. */
const SECTIONS = {
  server: v.object({
    host: v.optional(HOST, ""),
    port: v.optional(PORT, "28080"),
    whitelist: v.optional(LIST, "127.0.0.1,localhost"),
    tls_cert: PATH_OR_NONE,
    tls_key: PATH_OR_NONE,
  }),
  node: v.object({
    name: NAME,
    data: v.optional(PATH, "data"),
  }),
  mesh: v.object(MESH_ENTRIES),
  admin: v.object({
    host: v.optional(HOST, "127.0.0.1"),
    port: v.optional(PORT, "28090"),
    token: v.optional(TOKEN, ""),
  }),
  plugins: v.object({
    load: v.optional(LIST, ""),
    bus: v.optional(SWITCH, "on"),
  }),
  limits: v.object(LIMIT_ENTRIES),
  log: v.object({
    level: v.optional(oneOf(LOG_LEVELS), "info"),
    format: v.optional(oneOf(["auto", "text", "json"]), "auto"),
  }),
};

const CONFIG = v.object({
  ...SECTIONS,
  server: v.pipe(
    SECTIONS.server,
    v.transform(({ tls_cert: certPath, tls_key: keyPath, ...server }) => ({
      ...server,
      tls: certPath && keyPath ? { certPath, keyPath } : undefined,
    })),
  ),
});

/** A config but for the settings of plugins and the secrets, which no rule here covers. */
export type RuledConfig = Omit<NodeConfig, "plugins" | "mesh"> & {
  readonly plugins: Omit<PluginsConfig, "settings" | "builtIn"> & { readonly bus: boolean };
  readonly mesh: Omit<MeshConfig, "secrets"> | undefined;
};

export function sectionNames(): readonly string[] {
  return Object.keys(SECTIONS);
}

/** The keys of a section; undefined for a section that there is not. */
export function keyNames(section: string): readonly string[] | undefined {
  const schema = Object.entries(SECTIONS).find(([name]) => name === section)?.[1];
  return schema && Object.keys(schema.entries);
}

/** Applies the rules to all that is written, and the defaults where nothing is. */
export function applyRules(
  written: WrittenSections,
  { isMeshOn }: { readonly isMeshOn: boolean },
): { readonly config: RuledConfig } | { readonly problems: readonly Problem[] } {
  const result = v.safeParse(CONFIG, written);
  const problems = [
    ...whitelistProblems(written),
    ...tlsProblems(written),
    ...meshProblems(written, isMeshOn),
    ...adminProblems(written),
    ...portProblems(written),
    ...loadProblems(written),
    ...limitProblems(written),
  ];
  if (result.success && problems.length === 0) {
    const { mesh, limits, ...config } = result.output;
    return {
      config: {
        ...config,
        mesh: isMeshOn ? meshOf(mesh, config.server.host) : undefined,
        limits: endpointLimitsOf(limits),
        meshLimits: meshLimitsOf(limits),
      },
    };
  }
  for (const issue of result.issues ?? []) {
    problems.push({ keys: [v.getDotPath(issue) ?? ""], text: issue.message });
  }
  return { problems };
}

function whitelistProblems({ server }: WrittenSections): Problem[] {
  const entries = valid(SECTIONS.server.entries.whitelist, server?.["whitelist"]) ?? [];
  if (entries.length > WHITELIST_ENTRIES_MAX) {
    const text = `has ${entries.length} entries, more than ${WHITELIST_ENTRIES_MAX}; join addresses into ranges`;
    return [{ keys: ["server.whitelist"], text }];
  }
  return entries
    .map(whitelistMistake)
    .filter((text) => text !== undefined)
    .map((text) => ({
      keys: ["server.whitelist"],
      text: `is mistaken: ${printable(shortened(text, 256))}`,
    }));
}

/** What is wrong with an entry, naming it; undefined if nothing is. */
function whitelistMistake(entry: string): string | undefined {
  try {
    parseWhitelistEntry(entry);
    return undefined;
  } catch (error) {
    return errorText(error).replace(/^whitelist: /, "");
  }
}

function tlsProblems({ server = {} }: WrittenSections): Problem[] {
  const { tls_cert: cert, tls_key: key } = server;
  if (cert && !key) {
    return [{ keys: ["server.tls_cert"], text: "needs tls_key as well" }];
  }
  if (key && !cert) {
    return [{ keys: ["server.tls_key"], text: "needs tls_cert as well" }];
  }
  return [];
}

function adminProblems({ admin = {} }: WrittenSections): Problem[] {
  const host = valid(SECTIONS.admin.entries.host, admin["host"]);
  if (host === undefined || isLoopbackHost(host) || admin["token"]) {
    return [];
  }
  const text = `lets other machines in, so token must be set, with at least ${TOKEN_CHARS_MIN} characters`;
  return [{ keys: ["admin.host"], text }];
}

function portProblems({ server = {}, admin = {} }: WrittenSections): Problem[] {
  const port = valid(SECTIONS.server.entries.port, server["port"]);
  const host = valid(SECTIONS.server.entries.host, server["host"]);
  const adminPort = valid(SECTIONS.admin.entries.port, admin["port"]);
  const adminHost = valid(SECTIONS.admin.entries.host, admin["host"]);
  const isSame = port !== undefined && port !== 0 && port === adminPort;
  if (!isSame || host === undefined || adminHost === undefined || !hostsOverlap(host, adminHost)) {
    return [];
  }
  const text = `cannot be ${port} for both [server] and [admin]; change one of the two`;
  return [{ keys: ["admin.port", "server.port"], text }];
}

function loadProblems({ plugins }: WrittenSections): Problem[] {
  const modules = valid(SECTIONS.plugins.entries.load, plugins?.["load"]) ?? [];
  const repeated = new Set(modules.filter((module, index) => modules.indexOf(module) < index));
  return [...repeated].map((module) => ({
    keys: ["plugins.load"],
    text: `names ${quoted(module)} more than once; keep one`,
  }));
}
