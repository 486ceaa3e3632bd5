/** What the relay itself has to say to one player. */

import type { GamePlayer } from "../../index.ts";
import type { Desk } from "./desk.ts";
import { safeName, safeText } from "./safe-chat.ts";

/** In private where the game can do that, else for all to see. Never throws, and logs what fails. */
export async function reply({ node }: Desk, player: GamePlayer, text: string): Promise<void> {
  const line = safeText(text) ?? "";
  try {
    if ((await node.game.tell(player, line)) !== "unsupported") return;
    await node.game.say(`${safeName(player.name) ?? "?"}: ${line}`);
  } catch (error) {
    // The plugin may have been unloaded meanwhile.
    if (!node.signal.aborted) node.log.error("a player could not be told something", { error });
  }
}
