/** What the relay itself has to say to one player. */

import type { GamePlayer } from "../../index.ts";
import type { Desk } from "./desk.ts";
import { safeName, safeText } from "./safe-chat.ts";

/**
 * In private where the game can do that, else for all to see; either way a bot that repeats it is known. Never throws,
 * and logs what fails.
 */
export async function reply(desk: Desk, player: GamePlayer, text: string): Promise<void> {
  const { node } = desk;
  const line = safeText(text) ?? "";
  try {
    remember(desk, line);
    if ((await node.game.tell(player, line)) !== "unsupported") return;
    const forAll = `${safeName(player.name) ?? "?"}: ${line}`;
    remember(desk, forAll);
    await node.game.say(forAll);
  } catch (error) {
    // The plugin may have been unloaded meanwhile.
    if (!node.signal.aborted) node.log.error("a player could not be told something", { error });
  }
}

function remember({ node, echo, clock }: Desk, text: string): void {
  echo.remember({ server: node.name, player: "", text, isRelays: true }, clock.now());
}
