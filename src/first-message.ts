/** What a client says first: which communication it wants, and who answers that. */

import { ClientCode } from "./protocol.ts";
import {
  NAME_BYTES_MAX,
  type RawEntry,
  type ReceiverRegistry,
  type RequestEntry,
  type UpgradeEntry,
} from "./receivers.ts";

/** The longest of those that start something: a code and a name. */
export const FIRST_MESSAGE_BYTES_MAX: number = 1 + NAME_BYTES_MAX;

/**
 * | wants | it means |
 * |---|---|
 * | `nothing` | a message that is ignored before the start |
 * | `end` | the client has changed its mind |
 * | `unreadable` | the name is none |
 * | `nobody` | a communication that no receiver answers |
 * | `request`, `raw`, `upgrade` | that communication, with `entry` |
 */
export type FirstMessage =
  | { readonly wants: "nothing" | "end" | "unreadable" | "nobody" }
  | { readonly wants: "request"; readonly entry: RequestEntry }
  | { readonly wants: "raw"; readonly entry: RawEntry }
  | { readonly wants: "upgrade"; readonly entry: UpgradeEntry };

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const NOTHING: FirstMessage = { wants: "nothing" };
const END: FirstMessage = { wants: "end" };
const UNREADABLE: FirstMessage = { wants: "unreadable" };
const NOBODY: FirstMessage = { wants: "nobody" };

export function readFirstMessage(
  code: number,
  data: Uint8Array,
  registry: ReceiverRegistry,
): FirstMessage {
  if (code === ClientCode.end) return END;
  // Anything else before the start is ignored. [CCP-3.1]
  if (code !== ClientCode.startRequest && code !== ClientCode.startRaw) return NOTHING;
  const name = decodeName(data);
  if (name === undefined) return UNREADABLE;
  return code === ClientCode.startRequest ? request(name, registry) : raw(name, registry);
}

function request(name: string, registry: ReceiverRegistry): FirstMessage {
  const entry = registry.request(name);
  return entry === undefined ? NOBODY : { wants: "request", entry };
}

/** No name is registered for both. */
function raw(name: string, registry: ReceiverRegistry): FirstMessage {
  const entry = registry.raw(name);
  if (entry !== undefined) return { wants: "raw", entry };
  const upgrade = registry.upgrade(name);
  return upgrade === undefined ? NOBODY : { wants: "upgrade", entry: upgrade };
}

function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
