/** One mesh of nodes, each beside a real game with one player who sees nothing. */

import { expect } from "bun:test";
import * as v from "valibot";
import { eventually, printFigure } from "../mesh-view.ts";
import { type RelayNode, RelayNodes } from "./relay-nodes.ts";
import { type GameRig, type RigPlayer, sees } from "./rigs/rig.ts";

/** For a game and its node to know each other, on a machine that has much else to do. */
const PATIENCE_MS = 30_000;

export interface PlaceOptions {
  /** The node's. */
  readonly name: string;
  readonly start: () => Promise<GameRig>;
  readonly playerName: string;
}

export interface Place {
  readonly name: string;
  readonly rig: GameRig;
  readonly node: RelayNode;
  readonly playerName: string;
  player: RigPlayer;
}

export interface GameSeen {
  readonly state: string;
  /** How often it was tried to join it. */
  readonly sessions: number;
}

const GameSchema: v.GenericSchema<unknown, GameSeen> = v.object({
  state: v.string(),
  sessions: v.number(),
});

const StatusSchema = v.object({
  plugins: v.array(v.object({ name: v.string(), details: v.optional(v.unknown()) })),
});

export class GameMesh implements AsyncDisposable {
  readonly places: Place[] = [];
  readonly #nodes = new RelayNodes();
  readonly #rigs: GameRig[] = [];

  /** Resolves when every node knows every player. */
  async start(...wanted: readonly PlaceOptions[]): Promise<readonly Place[]> {
    for (const { name, start, playerName } of wanted) {
      const rig = await start();
      this.#rigs.push(rig);
      const chat = "players_command = on\nplayer_lines = 100\nserver_lines = 100";
      const node = await this.#nodes.start({ name, game: rig.section, chat });
      await node.process.logged("game joined");
      const player = await rig.join(playerName);
      this.places.push({ name, rig, node, playerName, player });
    }
    for (const place of this.places) await this.isListed(place);
    return this.places;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Players first, then nodes, then games; and all of them, whatever fails.
    await using rigs = new AsyncDisposableStack();
    for (const rig of this.#rigs) rigs.use(rig);
    await using _nodes = this.#nodes;
    await using players = new AsyncDisposableStack();
    for (const { player } of this.places) players.defer(() => player.leave());
  }

  others(place: Place): readonly Place[] {
    return this.places.filter((other) => other !== place);
  }

  /** Every node knows that the player is there, and so each other. */
  async isListed({ playerName }: Place): Promise<void> {
    await eventually(
      () => Promise.all(this.places.map(({ node }) => node.get("/api/players"))),
      (answers) => answers.every((servers) => JSON.stringify(servers).includes(playerName)),
      PATIENCE_MS,
    );
  }

  /** The player says it, and all others see it, in time and with the right name. */
  async saysAndAllSee(from: Place, text: string): Promise<void> {
    const beganMs = performance.now();
    const said = inGame(from, text);
    from.player.say(said);
    const seen = this.others(from).map(async (to) => {
      const line = await sees(to.player, inGame(to, said));
      const tookMs = performance.now() - beganMs;
      printFigure(`a line of ${from.name} is seen in ${to.name}`, tookMs);
      expect(line).toBe(inGame(to, `[${from.name}] ${from.playerName}: ${said}`));
      expect(tookMs).toBeLessThan(Math.max(from.rig.withinMs, to.rig.withinMs));
    });
    await Promise.all(seen);
  }

  /** The game is killed and started again, and its player comes back to it. */
  async restart(place: Place): Promise<void> {
    const { sessions } = await gameOf(place);
    await place.player.leave();
    await place.rig.kill();
    // Some consoles notice that their game has gone when something is said to it, and much later otherwise.
    for (const { player, name } of this.others(place)) {
      player.say(`is ${place.name} there, asks ${name}`);
    }
    const beganMs = performance.now();
    await place.rig.restart();
    await eventually(
      () => gameOf(place),
      (game) => game.state === "up" && game.sessions > sessions,
      PATIENCE_MS,
    );
    printFigure(`${place.name} was killed, and is joined again`, performance.now() - beganMs);
    place.player = await place.rig.join(place.playerName);
    await this.isListed(place);
  }
}

/** What the node tells of its game. */
export async function gameOf({ node }: Place): Promise<GameSeen> {
  const { plugins } = v.parse(StatusSchema, await node.get("/api/status"));
  const details = plugins.find(({ name }) => name === "game")?.details;
  return v.parse(GameSchema, details);
}

/** As the game shows it: letters lose their accents where there is but ASCII. */
function inGame({ rig }: Place, text: string): string {
  return rig.isAscii ? text.normalize("NFD").replace(/\p{M}/gu, "") : text;
}
