/** Against a server of the game itself, where one is installed. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  connectOpenttd,
  type OpenttdClient,
  type OpenttdClientOptions,
} from "../../../../../mesh/plugins/games/openttd/client.ts";
import { consoleText } from "../../../../../mesh/plugins/games/openttd/console-command.ts";
import type { OpenttdEvent } from "../../../../../mesh/plugins/games/openttd/events.ts";
import { OpenttdError } from "../../../../../mesh/plugins/games/openttd/openttd-error.ts";
import type { RconReply } from "../../../../../mesh/plugins/games/openttd/rcon-queue.ts";
import { safeText } from "../../../../../mesh/plugins/games/openttd/safe-text.ts";
import { openttdWords } from "../../../../helpers/games/console-commands.ts";
import { OpenttdPlayer } from "../../../../helpers/games/openttd-player.ts";
import {
  ADMIN_PASSWORD,
  HAS_OPENTTD,
  OpenttdServer,
} from "../../../../helpers/games/openttd-server.ts";
import { rejection, until } from "../../../../helpers/turns.ts";
import { hostileLine } from "../arbitraries.ts";

const SPECTATORS = 255;

/** A server, a player in its game, and a client of its admin port. */
class Stand implements AsyncDisposable {
  readonly events: OpenttdEvent[] = [];
  readonly server: OpenttdServer;
  readonly #held = new AsyncDisposableStack();

  static async start(): Promise<{ stand: Stand; player: OpenttdPlayer; client: OpenttdClient }> {
    const stand = new Stand(await OpenttdServer.start());
    try {
      const player = stand.#held.use(await OpenttdPlayer.join(stand.server.gamePort, "Alice"));
      const client = await stand.connect();
      stand.#held.defer(() => client.close());
      return { stand, player, client };
    } catch (error) {
      await stand[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(server: OpenttdServer) {
    this.server = this.#held.use(server);
  }

  connect(options: Partial<OpenttdClientOptions> = {}): Promise<OpenttdClient> {
    return connectOpenttd({
      host: "127.0.0.1",
      port: this.server.adminPort,
      password: ADMIN_PASSWORD,
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** Resolves once there was an event of which all that is given holds. */
  async told(expected: object): Promise<void> {
    await until(() => this.events.some((event) => Bun.deepMatch(expected, event)), 4000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync();
  }
}

describe.skipIf(!HAS_OPENTTD)("a server of OpenTTD", () => {
  let stand: Stand;
  let player: OpenttdPlayer;
  let client: OpenttdClient;

  beforeAll(async () => {
    ({ stand, player, client } = await Stand.start());
  }, 30_000);

  afterAll(async () => {
    await stand[Symbol.asyncDispose]();
  }, 30_000);

  test("lets the client in and tells who plays", () => {
    expect(client.server).toEqual({
      name: "Test server",
      version: "13.0",
      mapWidth: 64,
      mapHeight: 64,
    });
    expect(client.players).toEqual([{ id: player.id, name: "Alice" }]);
  });

  test("does not let in with a wrong password, nor on its game port", async () => {
    const wrong = await rejection(stand.connect({ password: "not this" }));
    expect(wrong).toMatchObject({ code: "wrong_password" });
    expect(String(wrong)).not.toContain("not this");
    // There it says what makes no sense here, or nothing.
    const limits = { joinTimeoutMs: 200, closeTimeoutMs: 20 };
    const other = await rejection(stand.connect({ port: stand.server.gamePort, limits }));
    expect(["protocol_error", "timeout"]).toContain(codeOf(other));
    expect(String(other)).toContain("admin port");
  });

  test("has its chat heard, each line with its scope", async () => {
    const { id } = player;
    player.say("hello all: ünïcode 👍");
    player.say("hello team", "team", SPECTATORS);
    player.say("hello server", "private", 1);
    await stand.told({
      kind: "chat",
      scope: "all",
      player: { id, name: "Alice" },
      text: "hello all: ünïcode 👍",
    });
    await stand.told({ kind: "chat", scope: "team", text: "hello team" });
    await stand.told({ kind: "chat", scope: "private", text: "hello server" });
  });

  test("shows lines from elsewhere with their user, and does not echo them", async () => {
    const line = { source: "TF2", user: "Robert", text: "hi\nquit" };
    expect(client.say(line)).toBe("sent");
    const heard = await player.hears(({ from }) => from === "Robert");
    expect(heard).toEqual({ source: "TF2", from: "Robert", text: "hi quit" });
    // What comes next is told; the echo would have been before it.
    player.say("after it");
    await stand.told({ kind: "chat", text: "after it" });
    expect(stand.events.some((event) => event.kind === "chat" && event.text === "hi quit")).toBe(
      false,
    );
  });

  test("shows them as its own where it is to", async () => {
    const other = await stand.connect({ speech: "server" });
    other.say({ source: "TF2", user: "Bob", text: "as the server" });
    const heard = await player.hears(({ text }) => text.includes("as the server"));
    expect(heard).toMatchObject({ from: 1, text: "[TF2] Bob: as the server" });
    other.close();
  });

  test.each(["blue", "black"] as const)(
    "takes the first and the last colour: %s",
    async (colour) => {
      const other = await stand.connect({ colour });
      other.say({ source: "TF2", user: colour, text: "in colour" });
      expect((await other.rcon("echo still_here")).lines).toEqual(["still_here"]);
      await player.hears(({ from }) => from === colour);
      other.close();
    },
  );

  test("shows whatever was said, whole, and runs none of it", async () => {
    const lines = fc.sample(fc.tuple(hostileLine, hostileLine), { numRuns: 1000, seed: 20 });
    const said = lines
      .map(([user, text]) => ({ source: "TF2", user, text }))
      .filter((line) => client.say(line) === "sent");
    expect(said.length).toBeGreaterThan(500);
    client.say({ source: "TF2", user: "Bob", text: "the end" });
    await player.hears(({ text }) => text === "the end");
    const heard = player.heard.slice(-1 - said.length, -1);
    expect(heard.map(({ text }) => text)).toEqual(said.map(({ text }) => safeText(text, 899)));
    expect(heard.map(({ from }) => from)).toEqual(
      said.map(({ user }) => safeText(user, 128) || "?"),
    );
    expect(stand.server.running).toBe(true);
  });

  test("takes an argument as it was written, whatever is in it", async () => {
    const sample = fc.sample(hostileLine, { numRuns: 300, seed: 21 });
    const texts = ['"; quit', 'a\\"b', "back\\", "% ; # `quit`", ...sample];
    const commands = texts.map((text) => `echo "${consoleText(text, 400)}"`);
    const replies: RconReply[] = [];
    // No more of them wait than the client lets wait.
    for (let at = 0; at < commands.length; at += 20) {
      const some = commands.slice(at, at + 20).map((command) => client.rcon(command));
      replies.push(...(await Promise.all(some)));
    }
    expect(replies.map(({ lines }) => lines.join(""))).toEqual(
      commands.map((command) => openttdWords(command)[1] ?? ""),
    );
    expect(replies[0]?.lines).toEqual(['"; quit']);
    expect(stand.server.running).toBe(true);
  });

  test("answers each command with its own lines", async () => {
    const [one, all, two] = await Promise.all([
      client.rcon("echo one"),
      client.rcon("list_cmds"),
      client.rcon("echo two"),
    ]);
    expect(one.lines).toEqual(["one"]);
    expect(all.lines).toContain("list_cmds");
    expect(two.lines).toEqual(["two"]);
  });

  test("tells who joins, takes another name, is thrown out, and leaves", async () => {
    const other = await OpenttdPlayer.join(stand.server.gamePort, "Carol");
    const { id } = other;
    await stand.told({ kind: "joined", player: { id, name: "Carol" } });
    other.rename("Caroline");
    await stand.told({ kind: "renamed", player: { id, name: "Caroline" }, formerName: "Carol" });
    await other.leave();
    await stand.told({ kind: "left", player: { id, name: "Caroline" }, reason: "quit" });
    await using third = await OpenttdPlayer.join(stand.server.gamePort, "Dave");
    await stand.told({ kind: "joined", player: { id: third.id, name: "Dave" } });
    await client.rcon(`kick ${third.id}`);
    await stand.told({ kind: "left", player: { id: third.id, name: "Dave" }, reason: "kicked" });
    expect(client.players.map(({ name }) => name)).toEqual(["Alice"]);
  });

  test("that hangs is noticed", async () => {
    const limits = { pingIntervalMs: 20, pingTimeoutMs: 100, closeTimeoutMs: 20 };
    const other = await stand.connect({ limits });
    stand.server.kill("SIGSTOP");
    expect(await other.closed).toMatchObject({ code: "timeout" });
    stand.server.kill("SIGCONT");
    expect((await client.rcon("echo awake")).lines).toEqual(["awake"]);
  });
});

describe.skipIf(!HAS_OPENTTD)("a server of OpenTTD that begins anew, or ends,", () => {
  test("keeps the client through a new game", async () => {
    const { stand, client } = await Stand.start();
    await using _stand = stand;
    await client.rcon("newgame");
    await stand.told({ kind: "new_game" });
    await stand.told({ kind: "map", server: { mapWidth: 64 } });
    expect(client.players).toEqual([]);
    await using again = await OpenttdPlayer.join(stand.server.gamePort, "Alice");
    again.say("back again");
    await stand.told({ kind: "chat", player: { id: again.id, name: "Alice" }, text: "back again" });
    client.say({ source: "TF2", user: "Bob", text: "welcome back" });
    await again.hears(({ text }) => text === "welcome back");
  }, 20_000);

  test("says when it stops", async () => {
    const { stand, client } = await Stand.start();
    await using _stand = stand;
    await client.rcon("quit");
    await stand.told({ kind: "shutdown" });
    expect(await client.closed).toMatchObject({ code: "closed" });
    await stand.server.ended();
    expect(await rejection(stand.connect())).toMatchObject({ code: "connect_failed" });
  }, 20_000);
});

function codeOf(error: unknown): string {
  return error instanceof OpenttdError ? error.code : String(error);
}
