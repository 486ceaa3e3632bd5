/** `adapter = teeworlds` and `adapter = ddnet`: their servers, by the external console. */

import type { GameLine, GamePlayer, SayOutcome, SettingsReader } from "../../../index.ts";
import type { GameAdapter, GameSession, Preset, SessionEvent, SessionEvents } from "../adapter.ts";
import { sessionEndOf } from "../session-end.ts";
import { SessionTeller } from "../session-teller.ts";
import { addressText, dialTcp } from "../tcp-connection.ts";
import { type Overrides, readOverrides, type Speech, type SpokenLine } from "../text-reading.ts";
import { watchedDial } from "../watched-dial.ts";
import { type EconClient, openEcon } from "./econ-client.ts";
import type { EconError } from "./econ-error.ts";
import type { EconEvent, Player } from "./econ-event.ts";
import { COMMAND_BYTES_MAX } from "./limits.ts";
import { passwordProblem } from "./password.ts";
import { readEconSpeech } from "./say.ts";

export const TEEWORLDS_PRESET: Preset = presetOf("teeworlds");
export const DDNET_PRESET: Preset = presetOf("ddnet");

/** Of the two forms of lines, the console's reader tells each by itself. */
function presetOf(name: string): Preset {
  return { name, create: (settings) => new EconAdapter(name, readEcon(settings)) };
}

interface EconSettings {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly overrides: Overrides;
  readonly speech: Speech;
}

function readEcon(settings: SettingsReader): EconSettings {
  return {
    host: settings.optional("host") ?? "127.0.0.1",
    port: readPort(settings),
    password: readPassword(settings),
    overrides: readOverrides(settings),
    speech: readEconSpeech(settings),
  };
}

function readPort(settings: SettingsReader): number {
  const what =
    "give the server's ec_port, which has no default; its sv_port, 8303 as a rule, is for players";
  return settings.required("port", what) === "" ? 0 : settings.port("port", 0);
}

function readPassword(settings: SettingsReader): string {
  const password = settings.required("password", "give the server's ec_password");
  const problem = password === "" ? undefined : passwordProblem(password);
  if (problem !== undefined) settings.problem("password", problem);
  return password;
}

class EconAdapter implements GameAdapter {
  readonly game: string;
  readonly where: string;
  readonly #settings: EconSettings;

  constructor(game: string, settings: EconSettings) {
    this.game = game;
    this.#settings = settings;
    this.where = addressText(settings.host, settings.port);
  }

  open(events: SessionEvents): GameSession {
    return new EconGameSession(this.#settings, events);
  }
}

class EconGameSession implements GameSession {
  readonly #teller: SessionTeller;
  readonly #watched = watchedDial(dialTcp);
  readonly #settings: EconSettings;
  readonly #client: EconClient;

  constructor(settings: EconSettings, events: SessionEvents) {
    this.#teller = new SessionTeller(events);
    this.#settings = settings;
    this.#client = openEcon({
      ...settings,
      dial: this.#watched.dial,
      onEvent: (event) => this.#onEvent(event),
      onLine: (line, isUnderstood) => this.#teller.line(line, isUnderstood),
      onClosed: (error) => this.#onClosed(error),
    });
  }

  async say(line: GameLine): Promise<SayOutcome> {
    return this.#run(this.#settings.speech.say(line));
  }

  async tell(player: GamePlayer, text: string): Promise<SayOutcome> {
    return this.#run(this.#settings.speech.tell(player, text));
  }

  async close(): Promise<void> {
    this.#teller.close();
    this.#client.close();
    await this.#watched.gone;
  }

  #run(spoken: SpokenLine): SayOutcome {
    if (!this.#teller.isUp) return "down";
    if (typeof spoken === "string") return spoken;
    if (Buffer.byteLength(spoken.command) > COMMAND_BYTES_MAX) return "failed";
    return this.#client.run(spoken.command) ? "sent" : "queue_full";
  }

  #onEvent(event: EconEvent): void {
    switch (event.type) {
      case "ready": {
        const map = event.map === "" ? undefined : event.map;
        this.#teller.up({ map, players: event.players.map(playerOf) });
        return;
      }
      case "pattern":
        this.#teller.event(event.event);
        return;
      case "map":
        this.#tellOwn(event);
        return;
      case "chat":
      case "join":
      case "leave":
      case "rename":
        this.#tellOwn({ ...event, player: playerOf(event.player) });
        return;
    }
  }

  /** What is known without patterns. */
  #tellOwn(event: SessionEvent): void {
    if (!this.#settings.overrides.replaces(event)) this.#teller.event(event);
  }

  #onClosed(error: EconError | undefined): void {
    // Without one, it was closed from here.
    if (error !== undefined) this.#teller.over(sessionEndOf(error, this.#teller.isUp));
  }
}

function playerOf({ id, name }: Player): GamePlayer {
  return { id: String(id), name };
}
