import { cutLine } from "../chat-text.ts";
import { chatLine } from "./chat-line.ts";
import { MINECRAFT } from "./dialect.ts";
import { RconError } from "./rcon-error.ts";

/** A selector without arguments, or the name of a player. */
const TARGET = /^(?:@[aprs]|\w{1,16})$/;

/** Begins a code of the game's that colours, scrambles or hides what follows. */
const FORMAT_SIGN = /§/g;

/**
 * The command that shows the text, to everyone if nobody is named; undefined where nothing of it
 * can be shown.
 *
 * The text is the only member of a text component, so that nothing in it is looked up, and it is
 * escaped with `\"` and `\\` alone, which mean the same in JSON and in the notation that took its
 * place in 1.21.5.
 *
 * @throws {RconError} `invalid_command`: the target is neither a selector nor a name
 */
export function minecraftTellraw(text: string, target = "@a"): string | undefined {
  if (!TARGET.test(target)) {
    const message =
      "the target of tellraw is @a, @p, @r, @s or the name of a player: letters, digits and _, 16 at most";
    throw new RconError("invalid_command", message);
  }
  const before = `tellraw ${target} {"text":"`;
  const after = '"}';
  const bytesMax = MINECRAFT.commandBytesMax - before.length - after.length;
  const shown = chatLine(text.replace(FORMAT_SIGN, ""));
  const line = cutLine(shown, { bytesMax, escape: escapeText }).trimEnd();
  return line === "" ? undefined : `${before}${line}${after}`;
}

function escapeText(text: string): string {
  return text.replace(/["\\]/g, "\\$&");
}
