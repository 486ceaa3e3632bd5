/** What a node is told by its config file and its command line. `rules.ts` has the defaults. */

import type { EndpointLimits } from "../../src/index.ts";
import type { LogFormat, LogLevel } from "../log.ts";

/** A config that was read, checked and completed with the defaults. */
export interface NodeConfig {
  readonly server: ServerConfig;
  readonly node: IdentityConfig;
  readonly admin: AdminConfig;
  readonly plugins: PluginsConfig;
  /** Complete, ready for an endpoint. */
  readonly limits: EndpointLimits;
  readonly log: LogConfig;
}

export interface ServerConfig {
  /** Empty listens on all interfaces. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly whitelist: readonly string[];
  readonly tls: TlsFiles | undefined;
}

/** PEM files, relative to the working folder. */
interface TlsFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

interface IdentityConfig {
  readonly name: string;
  /** The folder for what must last, relative to the working folder. */
  readonly data: string;
}

interface AdminConfig {
  /** Empty listens on all interfaces. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly token: string | undefined;
}

export interface PluginsConfig {
  /** Paths and package names, in the order in which they load. */
  readonly load: readonly string[];
  /** What `[plugin:NAME]` says, by that name. */
  readonly settings: ReadonlyMap<string, PluginSettings>;
}

export type PluginSettings = Readonly<Record<string, string>>;

interface LogConfig {
  readonly level: LogLevel;
  /** `auto` is text on a terminal and JSON elsewhere. */
  readonly format: "auto" | LogFormat;
}
