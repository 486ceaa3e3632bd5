/** What consoles make of what they are sent, from descriptions of them; shares no code with what writes it. */

/** The commands that the console of a Source game makes of a text: they end at a newline, or at `;` outside quotes. */
export function sourceCommands(text: string): string[] {
  const commands: string[] = [];
  let command = "";
  let isQuoted = false;
  let isComment = false;
  const end = (): void => {
    if (command.trim() !== "") commands.push(command.trim());
    command = "";
    isQuoted = false;
    isComment = false;
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if (character === "\n" || (character === ";" && !isQuoted && !isComment)) {
      end();
      continue;
    }
    if (isComment) continue;
    if (character === '"') isQuoted = !isQuoted;
    if (!isQuoted && text.startsWith("//", i)) isComment = true;
    else command += character;
  }
  end();
  return commands;
}

/** The text between quotes with backslashes that begins a text, and what follows it. */
export function backslashQuoted(text: string): { inner: string; rest: string } {
  if (!text.startsWith('"')) throw new Error("it begins with no quote");
  let inner = "";
  for (let i = 1; i < text.length; i++) {
    const character = text[i] ?? "";
    if (character === '"') return { inner, rest: text.slice(i + 1) };
    if (character === "\\") i++;
    inner += text[i] ?? "";
  }
  throw new Error("its quote has no end");
}

/** The commands that a console with backslashes within quotes makes of a line: they end at `;` outside quotes. */
export function quotedCommands(line: string): string[] {
  const commands: string[] = [];
  let command = "";
  for (let rest = line; rest !== ""; ) {
    if (rest.startsWith('"')) {
      const { rest: behind } = backslashQuoted(rest);
      command += rest.slice(0, rest.length - behind.length);
      rest = behind;
      continue;
    }
    if (rest.startsWith(";")) {
      commands.push(command.trim());
      command = "";
    } else command += rest.charAt(0);
    rest = rest.slice(1);
  }
  return [...commands, command.trim()].filter((each) => each !== "");
}

/** What a MUX shows of what is said; throws where it would evaluate something of it. */
export function muxShown(text: string): string {
  let shown = "";
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if ("%[]{};,()".includes(character)) throw new Error(`it evaluates ${character}`);
    if (character === "\\") i++;
    shown += text[i] ?? "";
  }
  return shown;
}

/** What Minecraft's console makes of a tellraw: whom it is for, and the text component. */
export function readTellraw(command: string): { target: string; component: unknown; json: string } {
  const match = /^tellraw (\S+) (.*)$/su.exec(command);
  if (match === null) throw new Error("it is not a tellraw");
  const [, target = "", json = ""] = match;
  return { target, component: JSON.parse(json), json };
}

/** The words of a command as the console of OpenTTD takes them apart. */
export function openttdWords(command: string): string[] {
  if (command.startsWith("#")) return [];
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (let at = 0; at < command.length; at += 1) {
    const character = command.charAt(at);
    if (character === '"') {
      quoted = !quoted;
      word ??= "";
    } else if (character === " " && !quoted) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "\\" && command.charAt(at + 1) === '"') {
      word = `${word ?? ""}"`;
      at += 1;
    } else {
      word = `${word ?? ""}${character}`;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** Nothing of this may ever reach a console. */
export const UNSAFE: RegExp = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202A-\u202E\u2066-\u2069]/u;
