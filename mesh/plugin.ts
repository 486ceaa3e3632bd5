/** What a plugin is, and what it sees of its node. */

import type {
  Call,
  ClientCallbacks,
  DialOptions,
  Mode,
  RawClient,
  RawReceiverClass,
  Registration,
  RequestCallback,
  RequestClient,
} from "../src/index.ts";
import type { Logger } from "./log.ts";

/**
 * The node, as one plugin sees it. Everything that is registered, dialled or timed through it is
 * undone when the plugin unloads; using it after that throws.
 */
export interface PluginNode {
  /** The node's name. */
  readonly name: string;
  /** The port of the node's endpoint. */
  readonly port: number;
  /** What the config says in `[plugin:NAME]`, as written; `{}` without such a section. */
  readonly settings: Readonly<Record<string, string>>;
  /** Lines carry the plugin's name. */
  readonly log: Logger;
  /** Fires when the plugin unloads. */
  readonly signal: AbortSignal;

  /**
   * Answers request-based communications for `name`.
   *
   * @throws {CcpError} `name_taken`, which names the plugin that has it
   */
  onRequest(name: string, callback: RequestCallback): Registration;
  /**
   * Receives raw communications for `name`: an instance of `receiver` for each.
   *
   * @throws {CcpError} `name_taken`, which names the plugin that has it
   */
  onRaw(name: string, receiver: RawReceiverClass): Registration;

  /** Dials another endpoint, in the style of callbacks. */
  dial(options: DialOptions & { readonly mode: Mode }, callbacks?: ClientCallbacks): Call;
  /** Dials another endpoint; see {@link RequestClient.connect} for the errors. */
  connectRequest(options: DialOptions): Promise<RequestClient>;
  /** Dials another endpoint; see {@link RawClient.connect} for the errors. */
  connectRaw(options: DialOptions): Promise<RawClient>;

  /**
   * Runs `task` once. What it throws is logged.
   *
   * @throws {CcpError} `invalid_option` for a delay that no timer keeps
   */
  after(delayMs: number, task: () => void | Promise<void>): Registration;
  /**
   * Runs `task` again and again, never twice at once. What it throws is logged.
   *
   * @throws {CcpError} `invalid_option` for an interval that no timer keeps
   */
  every(intervalMs: number, task: () => void | Promise<void>): Registration;
  /**
   * Runs `task` when the plugin unloads, before all else is undone; the last one added runs first.
   *
   * @throws {CcpError} `cancelled` once the plugin is being unloaded
   */
  onUnload(task: () => void | Promise<void>): void;
}

export interface Plugin {
  /** Unlike every other plugin's on the same node. */
  readonly name: string;
  /** Called once a load. When it throws, what it had registered is undone. */
  setup(node: PluginNode): void | Promise<void>;
}

/** The default export of a plugin's module. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}
