/** `adapter = openttd`: a server of OpenTTD, by its admin port. */

import type { GameLine, GamePlayer, SayOutcome, SettingsReader } from "../../../index.ts";
import type { GameAdapter, GameSession, Preset, SessionEnd, SessionEvents } from "../adapter.ts";
import { sessionEndOf } from "../session-end.ts";
import { SessionTeller } from "../session-teller.ts";
import { addressText } from "../tcp-connection.ts";
import type { SpokenLine } from "../text-reading.ts";
import { watchedDial } from "../watched-dial.ts";
import { connectOpenttd, DEFAULT_PORT, type OpenttdClient } from "./client.ts";
import { type ConsoleSpeech, readConsoleSpeech, runCommand } from "./console-speech.ts";
import { dial } from "./dial.ts";
import type { OpenttdEvent, OpenttdPlayer, OpenttdServerInfo } from "./events.ts";
import { OpenttdError } from "./openttd-error.ts";
import { assertPassword } from "./password.ts";
import { SPEECH_COLOUR_NAMES, type SpeechColour, type SpeechMode } from "./speech.ts";

export const OPENTTD_PRESET: Preset = {
  name: "openttd",
  create: (settings) => new OpenttdAdapter(readPlace(settings), readConsoleSpeech(settings)),
};

interface OpenttdPlace {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly speech: SpeechMode;
  readonly colour: SpeechColour;
}

function readPlace(settings: SettingsReader): OpenttdPlace {
  return {
    host: settings.optional("host") ?? "127.0.0.1",
    port: settings.port("port", DEFAULT_PORT),
    password: readPassword(settings),
    speech: settings.choice("speech", ["auto", "external", "server"], "auto"),
    colour: settings.choice("colour", SPEECH_COLOUR_NAMES, "light_brown"),
  };
}

function readPassword(settings: SettingsReader): string {
  const password = settings.required("password", "give the server's admin_password");
  if (password === "") return password;
  try {
    assertPassword(password);
  } catch (error) {
    if (!(error instanceof OpenttdError)) throw error;
    settings.problem("password", `cannot be right: ${error.message}`);
  }
  return password;
}

class OpenttdAdapter implements GameAdapter {
  readonly game = "openttd";
  readonly where: string;
  readonly #place: OpenttdPlace;
  readonly #speech: ConsoleSpeech;

  constructor(place: OpenttdPlace, speech: ConsoleSpeech) {
    this.#place = place;
    this.#speech = speech;
    this.where = addressText(place.host, place.port);
  }

  open(events: SessionEvents): GameSession {
    return new OpenttdSession(this.#place, this.#speech, events);
  }
}

class OpenttdSession implements GameSession {
  readonly #teller: SessionTeller;
  readonly #canceller = new AbortController();
  readonly #watched = watchedDial(dial);
  readonly #speech: ConsoleSpeech;
  #client: OpenttdClient | undefined;

  constructor(place: OpenttdPlace, speech: ConsoleSpeech, events: SessionEvents) {
    this.#speech = speech;
    this.#teller = new SessionTeller(events);
    void this.#live(place);
  }

  async say(line: GameLine): Promise<SayOutcome> {
    const { text, origin, audience } = line;
    if (audience === "admin") return "unsupported";
    const spoken = this.#speech.say(text);
    if (spoken !== undefined) return await this.#run(spoken);
    const said =
      origin === undefined
        ? text
        : { source: origin.server, user: origin.player, text: origin.text, whole: text };
    return outcomeOf(this.#client?.say(said));
  }

  async tell(player: GamePlayer, text: string): Promise<SayOutcome> {
    if (!this.#teller.isUp) return "down";
    const known = this.#find(player);
    if (known === undefined) return "failed";
    const spoken = this.#speech.tell(known, text);
    return spoken === undefined
      ? outcomeOf(this.#client?.tell(known.id, text))
      : await this.#run(spoken);
  }

  async close(): Promise<void> {
    this.#teller.close();
    this.#canceller.abort();
    this.#client?.close();
    await this.#watched.gone;
  }

  async #run(spoken: SpokenLine): Promise<SayOutcome> {
    if (this.#client === undefined) return "down";
    return typeof spoken === "string" ? spoken : await runCommand(this.#client, spoken.command);
  }

  async #live(place: OpenttdPlace): Promise<void> {
    try {
      const client = await connectOpenttd({
        ...place,
        onUp: (client) => this.#onUp(client),
        onEvent: (event) => this.#onEvent(event),
        signal: this.#canceller.signal,
        dial: this.#watched.dial,
      });
      this.#teller.over(endOf(await client.closed, true));
    } catch (error) {
      this.#teller.over(endOf(error, false));
    }
  }

  #onUp(client: OpenttdClient): void {
    this.#client = client;
    this.#teller.up({ map: mapOf(client.server), players: client.players.map(playerOf) });
  }

  #onEvent(event: OpenttdEvent): void {
    switch (event.kind) {
      case "chat": {
        const { scope, text } = event;
        // What is said to the server alone is for nobody else.
        if (scope === "private") return;
        const player = playerOf(event.player);
        this.#teller.event({ type: "chat", audience: scope, player, text });
        return;
      }
      case "joined":
        this.#teller.event({ type: "join", player: playerOf(event.player) });
        return;
      case "left":
        this.#teller.event({ type: "leave", player: playerOf(event.player) });
        return;
      case "renamed": {
        const player = playerOf(event.player);
        this.#teller.event({ type: "rename", player, before: event.formerName });
        return;
      }
      case "map":
        this.#teller.event({ type: "map", map: mapOf(event.server) });
        return;
      case "new_game":
      case "shutdown":
        // The next map, and the end of the connection, tell of these.
        return;
    }
  }

  /** A player who plays now; names may be shared, and then they name nobody. */
  #find({ id, name }: GamePlayer): OpenttdPlayer | undefined {
    const players = this.#client?.players ?? [];
    const meant = players.filter((player) =>
      id === undefined ? player.name === name : String(player.id) === id,
    );
    return meant.length === 1 ? meant[0] : undefined;
  }
}

/** The game's maps have no names. */
function mapOf({ mapWidth, mapHeight }: OpenttdServerInfo): string {
  return `${mapWidth}x${mapHeight}`;
}

function playerOf({ id, name }: OpenttdPlayer): GamePlayer {
  return { id: String(id), name };
}

function outcomeOf(outcome: ReturnType<OpenttdClient["tell"]> | undefined): SayOutcome {
  switch (outcome) {
    case undefined:
    case "closed":
      return "down";
    case "gone":
      return "failed";
    default:
      return outcome;
  }
}

function endOf(error: unknown, wasUp: boolean): SessionEnd {
  if (!(error instanceof OpenttdError)) return { kind: "failed", text: String(error) };
  return sessionEndOf(error, wasUp);
}
