/** `adapter = ccp`: a game whose own plugin speaks for it, over the node's port. docs/games/ccp.md has the clauses. */

import type { RawChannel, RawReceiverClass, SettingsReader } from "../../../index.ts";
import type { GameAdapter, GameSession, Preset, SessionEvents } from "../adapter.ts";
import { GamePort } from "./game-port.ts";
import { GameReceiver } from "./game-receiver.ts";

export const CCP_PRESET: Preset = {
  name: "ccp",
  create: (settings) => new CcpAdapter(readPluginName(settings)),
};

const DEFAULT_PLUGIN_NAME = "game";

/** Others listen for these. */
const TAKEN: ReadonlySet<string> = new Set(["mesh", "bus"]);

function readPluginName(settings: SettingsReader): string {
  const name = settings.optional("plugin") ?? DEFAULT_PLUGIN_NAME;
  if (!/^[\w.-]{1,64}$/.test(name)) {
    settings.problem("plugin", "must be 1 to 64 letters, digits, dots, dashes or underscores");
  } else if (TAKEN.has(name)) {
    settings.problem("plugin", `cannot be ${name}, which is the node's own; choose another`);
  }
  return name;
}

class CcpAdapter implements GameAdapter {
  readonly game = "ccp";
  readonly where: string;
  readonly receiver: { readonly plugin: string; readonly receiver: RawReceiverClass };
  readonly #port: GamePort;

  constructor(pluginName: string) {
    const port = new GamePort(pluginName);
    this.#port = port;
    this.where = `raw "${pluginName}" at the node's own port`;
    const receiver = class extends GameReceiver {
      constructor(channel: RawChannel) {
        super(channel, port);
      }
    };
    this.receiver = { plugin: pluginName, receiver };
  }

  open(events: SessionEvents): GameSession {
    return this.#port.open(events);
  }
}
