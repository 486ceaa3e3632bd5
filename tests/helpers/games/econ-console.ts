/** How the game's console reads a line: a model for tests, from its rules. */

export interface Command {
  readonly name: string;
  /** All that follows the name, as a command gets it that takes one text. */
  readonly argument: string;
}

/** The commands that a line runs. */
export function commandsIn(line: string): Command[] {
  return commandTexts(line).flatMap((text) => {
    const [, name = "", rest = ""] = /^\s*(\S*)\s*(.*)$/s.exec(text) ?? [];
    const argument = argumentIn(rest);
    return name === "" || argument === undefined ? [] : [{ name, argument }];
  });
}

/** Outside quotes `;` ends a command, and `#` all of them. A quote after a backslash neither opens nor closes. */
function commandTexts(line: string): string[] {
  const texts = [""];
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line.charAt(i);
    if (!isQuoted && character === "#") break;
    if (!isQuoted && character === ";") {
      texts.push("");
      continue;
    }
    if (character === '"') isQuoted = !isQuoted;
    texts.push(texts.pop() + character);
    if (character === "\\" && line[i + 1] === '"') texts.push(`${texts.pop()}${line[++i]}`);
  }
  return texts;
}

/** `undefined` for a text whose quote is never closed, which makes the command fail. */
function argumentIn(rest: string): string | undefined {
  if (!rest.startsWith('"')) return rest.trimEnd();
  let argument = "";
  for (let i = 1; i < rest.length; i++) {
    const character = rest.charAt(i);
    if (character === '"') return argument;
    const isEscape = character === "\\" && (rest[i + 1] === "\\" || rest[i + 1] === '"');
    argument += isEscape ? rest[++i] : character;
  }
  return undefined;
}
