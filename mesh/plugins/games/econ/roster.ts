import type { EconEvent, PatternEvent, Player } from "./econ-event.ts";
import type { FeedLine } from "./feed-line.ts";
import { HELD_LINES_MAX, PLAYERS_MAX } from "./limits.ts";

/** What it takes, in the order of the feed. */
type Heard = FeedLine | PatternEvent;

export type Names = ReadonlyMap<number, string>;

export interface RosterOwner {
  readonly onEvent: (event: EconEvent) => void;
  /** The server is to be asked who is there, unless it is being asked already. */
  readonly onNamesWanted: () => void;
}

const NOBODY: Names = new Map();

/**
 * Who is on the server, and what they say, in the order of the feed. The feed tells of a player by number, and of
 * names only where nothing separates them safely from text; so where a name is not sure, what comes is held until
 * the server has said who is there.
 */
export class Roster {
  readonly #owner: RosterOwner;
  readonly #names = new Map<number, string>();
  readonly #held: Heard[] = [];
  #holds = false;
  #isBegun = false;
  #map = "";

  constructor(owner: RosterOwner) {
    this.#owner = owner;
  }

  get players(): readonly Player[] {
    return [...this.#names].map(([id, name]) => ({ id, name }));
  }

  /** Holds all lines until the names come. */
  hold(): void {
    this.#holds = true;
    this.#owner.onNamesWanted();
  }

  /** Starts with what the server answered at the login; the lines held so far follow. */
  begin(names: Names, map: string): void {
    for (const [id, name] of names) this.#set(id, name);
    this.#map = map;
    this.#isBegun = true;
    this.#owner.onEvent({ type: "ready", players: this.players, map });
    this.#release(names);
  }

  take(line: Heard): void {
    if (this.#holds) this.#hold(line);
    else if (this.#needsNames(line)) {
      this.hold();
      this.#hold(line);
    } else this.#tell(line, NOBODY);
  }

  /** The server's answer, which is later than every line taken before it. */
  settle(names: Names): void {
    this.#release(names);
    for (const [id, name] of this.#names) {
      if (!names.has(id)) this.#leaves({ id, name });
    }
    for (const [id, name] of names) this.#named({ id, name });
  }

  #hold(line: Heard): void {
    this.#held.push(line);
    if (this.#held.length <= HELD_LINES_MAX) return;
    // The server has not answered for long: better a name that may be wrong than nothing. Before the login is
    // done there is nobody to tell yet.
    if (this.#isBegun) this.#release(NOBODY);
    else this.#held.shift();
  }

  #release(names: Names): void {
    this.#holds = false;
    for (const line of this.#held.splice(0)) this.#tell(line, names);
  }

  #needsNames(line: Heard): boolean {
    switch (line.type) {
      case "entered":
        return true;
      case "chat": {
        const name = this.#names.get(line.id);
        return name === undefined || !line.rest.startsWith(`${name}: `);
      }
      case "server_chat":
        // Anyone at a console can make the server say this, hence it is only a reason to ask.
        return line.text.includes("' changed name to '");
      default:
        return false;
    }
  }

  #tell(line: Heard, names: Names): void {
    switch (line.type) {
      case "chat":
        return this.#chat(line, names);
      case "entered":
        return this.#entered(line.id, names);
      case "team":
        return this.#named(line);
      case "leave":
        return this.#leaves(line);
      case "map":
        return this.#changes(line.map);
      case "pattern":
        this.#owner.onEvent(line);
        return;
      case "server_chat":
      case "status":
      case "console":
      case "private":
        return;
    }
  }

  #chat({ id, audience, rest }: FeedLine & { type: "chat" }, names: Names): void {
    const known = this.#names.get(id);
    const answered = names.get(id);
    let name = known;
    if (known === undefined || !rest.startsWith(`${known}: `)) {
      if (answered !== undefined && rest.startsWith(`${answered}: `)) {
        this.#named({ id, name: answered });
        name = answered;
      } else {
        // It has left since, under a name that was never told.
        name = /^(.*?): /s.exec(rest)?.[1];
      }
    }
    if (name === undefined) return;
    const text = rest.slice(name.length + 2);
    this.#owner.onEvent({ type: "chat", player: { id, name }, audience, text });
  }

  #entered(id: number, names: Names): void {
    const name = names.get(id);
    if (name !== undefined) this.#named({ id, name });
  }

  #named({ id, name }: Player): void {
    const before = this.#names.get(id);
    if (before === name || !this.#set(id, name)) return;
    const player = { id, name };
    if (before === undefined) this.#owner.onEvent({ type: "join", player });
    else this.#owner.onEvent({ type: "rename", player, before });
  }

  #leaves({ id, name }: Player): void {
    if (this.#names.delete(id)) this.#owner.onEvent({ type: "leave", player: { id, name } });
  }

  #changes(map: string): void {
    if (map === this.#map) return;
    this.#map = map;
    this.#owner.onEvent({ type: "map", map });
  }

  #set(id: number, name: string): boolean {
    if (this.#names.size >= PLAYERS_MAX && !this.#names.has(id)) return false;
    this.#names.set(id, name);
    return true;
  }
}
