/** Real games with players, each in the same few words, so that a test can join any of them. */

/** Above the time that anything takes here, on a machine that has much else to do. */
const SEEN_MS = 20_000;

/** Somebody who plays, and sees what all see. */
export interface RigPlayer {
  say(text: string): void;
  /** All lines so far, without what the game itself puts around those of a server. */
  readonly lines: readonly string[];
  leave(): Promise<void>;
}

export interface GameRig extends AsyncDisposable {
  /** The section `[game]` for its node. */
  readonly section: string;
  /** Whether it has ASCII alone, so that letters lose their accents. */
  readonly isAscii: boolean;
  /** What a line on its way there, or from there, may take. */
  readonly withinMs: number;
  join(name: string): Promise<RigPlayer>;
  /** Killed without a goodbye. */
  kill(): Promise<void>;
  /** Once it was killed: resolves when there is another one in its place. */
  restart(): Promise<void>;
}

/** The first line with these words in it, now or when it comes. */
export async function sees(player: RigPlayer, words: string): Promise<string> {
  const deadlineMs = performance.now() + SEEN_MS;
  for (;;) {
    const found = player.lines.find((line) => line.includes(words));
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) {
      throw new Error(`"${words}" is not among ${JSON.stringify(player.lines)}`);
    }
    await Bun.sleep(2);
  }
}

/** A section `[game]` of a file, with other lines in the place of those that begin like them. */
export function changedSection(text: string, changes: Readonly<Record<string, string>>): string {
  let section = /^\[game\]\n(.*?)(?=^\[|^```|$(?![^]))/ms.exec(text)?.[1] ?? "";
  for (const [beginning, line] of Object.entries(changes)) {
    const at = section.split("\n").findIndex((each) => each.startsWith(beginning));
    if (at === -1) throw new Error(`the section has no ${beginning}`);
    section = section.split("\n").with(at, line).join("\n");
  }
  return section;
}
