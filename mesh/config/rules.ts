/** Every section and key of a config file: how it is spelt, its default, and what it may say. */

import * as v from "valibot";
import {
  DEFAULT_ENDPOINT_LIMITS,
  type EndpointLimits,
  limitRange,
  parseWhitelistEntry,
} from "../../src/index.ts";
import { errorText } from "../error-text.ts";
import { LOG_LEVELS } from "../log.ts";
import { printable, quoted, shortened } from "../printable.ts";
import type { NodeConfig, PluginsConfig } from "./config.ts";
import { hostsOverlap, isHost, isLoopbackHost } from "./hosts.ts";

const TOKEN_CHARS_MIN = 16;
/** What a whitelist takes. */
const WHITELIST_ENTRIES_MAX = 1024;
const ONE_VALUE = "takes one value; write it without []";

const HOST = checked(isHost, "must be an IP address, a host name, or empty for all interfaces");
const PORT = wholeNumber({ min: 0, max: 65_535 });
const PATH = checked((text) => text !== "", "must be a path");
const PATH_OR_NONE = v.optional(v.pipe(v.string(ONE_VALUE), v.transform(emptyIsUnset)), "");
const NODE_NAME = checked(
  (text) => /^[A-Za-z0-9._-]{1,64}$/.test(text),
  "must be 1 to 64 letters, digits, dots, dashes or underscores",
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
const LIST = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((written) => (typeof written === "string" ? written.split(",") : written)),
  v.transform((items) => items.map((item) => item.trim()).filter((item) => item !== "")),
);

const LIMIT_NAMES = Object.keys(DEFAULT_ENDPOINT_LIMITS);

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
    name: NODE_NAME,
    data: v.optional(PATH, "data"),
  }),
  admin: v.object({
    host: v.optional(HOST, "127.0.0.1"),
    port: v.optional(PORT, "28090"),
    token: v.optional(TOKEN, ""),
  }),
  plugins: v.object({
    load: v.optional(LIST, ""),
  }),
  limits: v.object(
    Object.fromEntries(
      LIMIT_NAMES.map((name) => [snakeCase(name), v.optional(wholeNumber(limitRange(name)))]),
    ),
  ),
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
  limits: v.pipe(SECTIONS.limits, v.transform(limitsOf)),
});

/** The text of each key of each section. */
export type WrittenSections = Readonly<
  Record<string, Readonly<Record<string, string | readonly string[]>>>
>;

export interface Problem {
  /** As `section.key`; the first of them that is written anywhere is to blame. */
  readonly keys: readonly string[];
  /** What the key must or cannot be, to follow its name. */
  readonly text: string;
}

/** A config but for the settings of plugins, which no rule of the node covers. */
export type RuledConfig = Omit<NodeConfig, "plugins"> & {
  readonly plugins: Omit<PluginsConfig, "settings">;
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
): { readonly config: RuledConfig } | { readonly problems: readonly Problem[] } {
  const result = v.safeParse(CONFIG, written);
  const problems = [
    ...whitelistProblems(written),
    ...tlsProblems(written),
    ...adminProblems(written),
    ...portProblems(written),
    ...loadProblems(written),
  ];
  if (result.success && problems.length === 0) {
    return { config: result.output };
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

function valid<Schema extends v.GenericSchema>(
  schema: Schema,
  written: unknown,
): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, written);
  return result.success ? result.output : undefined;
}

/** A rule whose message shows what was written. */
function checked(test: (text: string) => boolean, must: string) {
  return v.pipe(
    v.string(ONE_VALUE),
    v.check(test, ({ input }) => `${must}, not ${quoted(input)}`),
  );
}

function wholeNumber({ min, max }: { readonly min: number; readonly max: number }) {
  const isInRange = (text: string) =>
    /^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max;
  return v.pipe(
    checked(isInRange, `must be a whole number from ${min} to ${max}`),
    v.transform(Number),
  );
}

function oneOf<const Choice extends string>(choices: readonly Choice[]) {
  const must = `must be one of ${choices.join(", ")}`;
  return v.pipe(
    v.string(ONE_VALUE),
    v.picklist(choices, ({ input }) => `${must}, not ${quoted(String(input))}`),
  );
}

function emptyIsUnset(text: string): string | undefined {
  return text === "" ? undefined : text;
}

function limitsOf(written: Readonly<Record<string, number | undefined>>): EndpointLimits {
  const changes: Record<string, number> = {};
  for (const name of LIMIT_NAMES) {
    const value = written[snakeCase(name)];
    if (value !== undefined) {
      changes[name] = value;
    }
  }
  return { ...DEFAULT_ENDPOINT_LIMITS, ...changes };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
