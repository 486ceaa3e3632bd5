/** What a node is told by its config file and its command line. `rules.ts` has the defaults. */

import type { Address, EndpointLimits } from "../../src/index.ts";
import type { BuiltInName } from "../built-in-names.ts";
import type { LogFormat, LogLevel } from "../log.ts";
import type { MeshLimits } from "../mesh-limits.ts";
import type { WrittenSettings } from "../settings-reader.ts";

/** A config that was read, checked and completed with the defaults. */
export interface NodeConfig {
  readonly server: ServerConfig;
  readonly node: IdentityConfig;
  /** `undefined` where nothing is written of a mesh: the node then stays alone. */
  readonly mesh: MeshConfig | undefined;
  readonly admin: AdminConfig;
  readonly plugins: PluginsConfig;
  /** Complete, ready for an endpoint. */
  readonly limits: EndpointLimits;
  /** Complete, with or without a mesh. */
  readonly meshLimits: MeshLimits;
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

export interface MeshConfig {
  readonly cluster: string;
  /** 1 to 4, fit for use; the first is the one to stay. Never to be shown. */
  readonly secrets: readonly string[];
  /** Nodes to dial, each once; there may be none. */
  readonly peers: readonly Address[];
  /**
   * Where others can dial this node: an empty host is the address they see, port 0 the one it listens
   * on. `undefined` if they cannot.
   */
  readonly advertise: Address | undefined;
  /** An authority of the operator's own, besides the secret. */
  readonly tls: MeshTlsFiles | undefined;
}

/** PEM files, relative to the working folder. */
export interface MeshTlsFiles extends TlsFiles {
  readonly caPath: string;
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
  /** Those that come with the node and are wanted. */
  readonly builtIn: readonly BuiltInName[];
  /** What `[plugin:NAME]` says, by that name, and for one that comes with the node its own section. */
  readonly settings: ReadonlyMap<string, WrittenSettings>;
}

interface LogConfig {
  readonly level: LogLevel;
  /** `auto` is text on a terminal and JSON elsewhere. */
  readonly format: "auto" | LogFormat;
}
