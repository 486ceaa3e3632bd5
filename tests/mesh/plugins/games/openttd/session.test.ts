import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { FieldReader, server, serverPacket } from "../../../../helpers/games/openttd-packets.ts";
import { rejection } from "../../../../helpers/turns.ts";
import { PASSWORD, SessionHarness } from "./session-harness.ts";

const alice = { id: 5, name: "Alice" };

describe("joining", () => {
  test("sends the password, then asks for players, and for chat once it knows them", () => {
    const harness = new SessionHarness();
    harness.session.start();
    const [join] = harness.sent();
    const fields = new FieldReader(join?.body ?? Buffer.alloc(0));
    expect([join?.type, fields.text(33), fields.text(25), fields.text(33)]).toEqual([
      0,
      PASSWORD,
      "ccp-mesh",
      "1",
    ]);
    harness.receive(server.protocol());
    expect(harness.sent()).toEqual([]);
    harness.receive(server.welcome());
    const asked = harness.sent();
    expect(asked.map(({ type }) => type)).toEqual([2, 3, 7]);
    expect(asked[0]?.body).toEqual(Buffer.from([1, 0, 0x40, 0]));
    expect(asked[1]?.body).toEqual(Buffer.from([1, 0xff, 0xff, 0xff, 0xff]));
    harness.receive(server.clientInfo(1, "Relay"), server.clientInfo(5, "Alice"));
    expect(harness.told).toEqual([]);
    harness.receive(server.pong(1));
    expect(harness.told).toEqual([{ up: "Test server" }]);
    expect(harness.session.players).toEqual([alice]);
    expect(harness.sent()).toEqual([{ type: 2, body: Buffer.from([5, 0, 0x40, 0]) }]);
  });

  test("works byte by byte", () => {
    const harness = new SessionHarness();
    harness.session.start();
    const bytes = Buffer.concat([
      server.protocol(),
      server.welcome(),
      server.clientInfo(5, "Alice"),
      server.pong(1),
    ]);
    for (const byte of bytes) harness.session.receive(Buffer.of(byte));
    expect(harness.told).toEqual([{ up: "Test server" }]);
  });

  test("a server that closes has refused the password", () => {
    const harness = new SessionHarness();
    harness.session.start();
    harness.session.onClosed();
    expect(harness.error?.code).toBe("wrong_password");
    expect(harness.error?.message).toBe(
      "the server at 127.0.0.1:3977 closed the connection when it got the password; compare it with admin_password in its secrets.cfg or, where there is none, openttd.cfg",
    );
  });

  test.each([
    ["a wrong password", server.error(10), "wrong_password", "compare it with admin_password"],
    ["a login in clear", server.error(6), "login_refused", "allow_insecure_admin_login = true"],
    [
      "the missing of a key",
      server.error(22),
      "login_refused",
      "allow_insecure_admin_login = true",
    ],
    ["an address that it does not allow", server.error(21), "login_refused", "does not allow"],
    ["being full", server.full(), "login_refused", "close another"],
    ["being full as a game", server.error(14), "login_refused", "is full"],
    ["a ban", server.banned(), "login_refused", "ban list"],
    ["a kick", server.error(12), "login_refused", "kicked"],
    ["a packet it could not read", server.error(4), "protocol_error", "error 4 of the game"],
  ])("a server that refuses because of %s is understood", (_what, packet, code, text) => {
    const harness = new SessionHarness();
    harness.session.start();
    harness.receive(packet);
    harness.session.onClosed();
    expect(harness.errors).toHaveLength(1);
    expect(harness.error).toMatchObject({ code });
    expect(harness.error?.message).toContain(text);
  });

  test.each([
    ["before it lets in", []],
    ["before it welcomes", [server.protocol()]],
    ["before it tells who plays", [server.protocol(), server.welcome()]],
  ])("a server that falls silent %s is given up", (_when, packets) => {
    const harness = new SessionHarness();
    harness.session.start();
    harness.receive(...packets);
    harness.clock.advance(9999);
    expect(harness.error).toBeUndefined();
    harness.clock.advance(1);
    expect(harness.error?.code).toBe("timeout");
    expect(harness.clock.timers).toBe(0);
  });

  test("what happens until it knows who plays is told all at once", () => {
    const harness = new SessionHarness();
    harness.session.start();
    harness.receive(server.protocol(), server.welcome(), server.clientInfo(5, "Alice"));
    harness.receive(server.clientInfo(6, "Bob"), server.clientJoin(6), server.clientQuit(5));
    harness.receive(server.clientUpdate(6, "Rob"), server.chat(6, "hi"), server.pong(1));
    expect(harness.told).toEqual([{ up: "Test server" }]);
    expect(harness.session.players).toEqual([{ id: 6, name: "Rob" }]);
  });

  test("a server that is too old to tell of chat is refused", () => {
    const harness = new SessionHarness();
    harness.session.start();
    harness.receive(serverPacket(103, 1, 1, { u16: 1 }, { u16: 0x41 }, 0));
    expect(harness.error?.code).toBe("protocol_error");
    expect(harness.error?.message).toContain("tells nothing of chat");
  });

  test.each(["", "x".repeat(33), "a\nb", "a\0b", "\ud800"])(
    "a password that none can be, %j, is refused and not shown",
    (password) => {
      const error = thrownBy(() => new SessionHarness({ password }));
      expect(error).toMatchObject({ code: "invalid_option" });
      if (password !== "") expect(String(error)).not.toContain(password);
    },
  );
});

describe("a session that is up", () => {
  test.each([
    [3, "all"],
    [4, "team"],
    [5, "private"],
  ])("tells of chat, with its scope (%d: %s)", (action, scope) => {
    const harness = SessionHarness.up();
    harness.receive(server.chat(5, "hello", action));
    expect(harness.told).toEqual([{ kind: "chat", scope, player: alice, text: "hello" }]);
  });

  test("makes chat and names safe, and leaves out what is none", () => {
    const harness = SessionHarness.up();
    harness.receive(server.clientInfo(6, "B\u202eo\nb"), server.chat(6, "a\nb\u001b[2J"));
    harness.receive(server.chat(5, " \n"), server.chat(5, "1000", 6), server.chat(1, "echo"));
    const bob = { id: 6, name: "Bo b" };
    expect(harness.told).toEqual([
      { kind: "joined", player: bob },
      { kind: "chat", scope: "all", player: bob, text: "a b [2J" },
    ]);
  });

  test("tells of players who join, rename themselves and leave, each once", () => {
    const harness = SessionHarness.up();
    harness.receive(server.clientInfo(6, "Bob"), server.clientJoin(6), server.clientInfo(6, "Bob"));
    harness.receive(server.clientUpdate(6, "Bob"), server.clientUpdate(6, "Rob"));
    harness.receive(server.clientError(6, 12), server.clientQuit(6), server.clientQuit(99));
    const [bob, rob] = [
      { id: 6, name: "Bob" },
      { id: 6, name: "Rob" },
    ];
    expect(harness.told).toEqual([
      { kind: "joined", player: bob },
      { kind: "renamed", player: rob, formerName: "Bob" },
      { kind: "left", player: rob, reason: "kicked" },
    ]);
    expect(harness.session.players).toEqual([alice]);
  });

  test.each([
    [server.clientQuit(5), "quit"],
    [server.clientError(5, 3), "lost"],
    [server.clientError(5, 15), "error"],
  ])("tells why a player left", (packet, reason) => {
    const harness = SessionHarness.up();
    harness.receive(packet);
    expect(harness.told).toEqual([{ kind: "left", player: alice, reason }]);
  });

  test("asks for a name that it was not told", () => {
    const harness = SessionHarness.up();
    harness.receive(server.clientJoin(7), server.chat(8, "hi"));
    expect(harness.told).toEqual([
      { kind: "chat", scope: "all", player: { id: 8, name: "player 8" }, text: "hi" },
    ]);
    expect(harness.sent()).toEqual([
      { type: 3, body: Buffer.from([1, 7, 0, 0, 0]) },
      { type: 3, body: Buffer.from([1, 8, 0, 0, 0]) },
    ]);
    harness.receive(server.clientInfo(7, "Carol"));
    expect(harness.told[1]).toEqual({ kind: "joined", player: { id: 7, name: "Carol" } });
  });

  test("keeps a bounded number of players, and hears the others nevertheless", () => {
    const harness = SessionHarness.up();
    for (let id = 10; id < 2000; id += 1) harness.receive(server.clientInfo(id, `p${id}`));
    expect(harness.session.players).toHaveLength(512);
    harness.told.length = 0;
    harness.receive(server.chat(1999, "hi"));
    expect(harness.told).toMatchObject([{ kind: "chat", player: { name: "player 1999" } }]);
  });

  test("tells of a new game, its map, and the server's end", () => {
    const harness = SessionHarness.up();
    harness.receive(
      server.newGame(),
      server.clientError(5, 3),
      server.welcome(),
      server.shutdown(),
    );
    harness.session.onClosed();
    expect(harness.told).toMatchObject([
      { kind: "new_game" },
      { kind: "left", reason: "lost" },
      {
        kind: "map",
        server: { name: "Test server", version: "13.0", mapWidth: 64, mapHeight: 128 },
      },
      { kind: "shutdown" },
    ]);
    expect(harness.sentTypes()).toEqual([3]);
    expect(harness.error?.code).toBe("closed");
  });

  test("counts nobody as playing once a new game begins, whatever the server tells", () => {
    const harness = SessionHarness.up();
    harness.receive(server.newGame(), server.clientError(5, 3), server.welcome());
    harness.receive(server.clientInfo(5, "Alice"));
    expect(harness.told).toMatchObject([
      { kind: "new_game" },
      { kind: "left", player: alice, reason: "lost" },
      { kind: "map" },
      { kind: "joined", player: alice },
    ]);
    expect(harness.session.players).toEqual([alice]);
  });

  test("tells one player something, where there is such a player, and such a thing", () => {
    const harness = SessionHarness.up();
    expect(harness.session.tell(5, "psst\n\u202eyou")).toBe("sent");
    const [packet] = harness.sent();
    const fields = new FieldReader(packet?.body ?? Buffer.alloc(0));
    expect([packet?.type, fields.u8(), fields.u8(), fields.u32()]).toEqual([4, 5, 2, 5]);
    expect([fields.text(900), fields.rest]).toEqual(["psst you", 0]);
    expect(harness.session.tell(5, "\n")).toBe("empty");
    expect([harness.session.tell(6, "hi"), harness.session.tell(1, "hi")]).toEqual([
      "gone",
      "gone",
    ]);
    harness.takes = false;
    expect(harness.session.tell(5, "hi")).toBe("queue_full");
    expect(harness.sent()).toEqual([]);
    harness.session.close();
    expect(harness.session.tell(5, "hi")).toBe("closed");
  });

  test("pings, and gives up a server that no longer answers", () => {
    const harness = SessionHarness.up();
    harness.clock.advance(10_000);
    expect(harness.sent()).toEqual([{ type: 7, body: Buffer.from([2, 0, 0, 0]) }]);
    harness.receive(server.pong(1));
    harness.clock.advance(59_999);
    expect(harness.error).toBeUndefined();
    harness.receive(server.pong(2));
    harness.clock.advance(10_000);
    expect(harness.sentTypes()).toEqual([7]);
    // Who only talks does not answer.
    harness.clock.advance(30_000);
    harness.receive(server.chat(5, "hi"));
    harness.clock.advance(30_000);
    expect(harness.error?.code).toBe("timeout");
    expect(harness.error?.message).toContain("did not answer a ping within 60000 ms");
    expect(harness.clock.timers).toBe(0);
  });

  test("says lines as external chat, or as the server where that knows no other", () => {
    const line = { source: "TF2", user: "Bob", text: "hi" };
    for (const [options, type] of [
      [{}, 8],
      [{ version: "1.11.2" }, 4],
      [{ speech: "server" }, 4],
      [{ version: "1.11.2", speech: "external" }, 8],
    ] as const) {
      const harness = SessionHarness.up(options);
      expect(harness.session.say(line)).toBe("sent");
      expect(harness.sentTypes()).toEqual([type]);
    }
  });

  test("answers why it did not send a line", () => {
    const harness = SessionHarness.up();
    const line = { source: "TF2", user: "Bob", text: "hi" };
    expect(harness.session.say({ ...line, text: "\n\u200b" })).toBe("empty");
    harness.takes = false;
    expect(harness.session.say(line)).toBe("queue_full");
    harness.takes = true;
    expect(harness.session.say(line)).toBe("sent");
    expect(harness.sentTypes()).toEqual([8]);
    harness.session.close();
    expect(harness.session.say(line)).toBe("closed");
  });

  test("has commands carried out, and refuses what is none", async () => {
    const harness = SessionHarness.up();
    const reply = harness.session.rcon("status");
    harness.receive(
      server.rconLine("one"),
      server.rconLine("  two\u200e"),
      server.rconEnd("status"),
    );
    expect((await reply).lines).toEqual(["one", "  two"]);
    expect(await rejection(harness.session.rcon("a\nb"))).toMatchObject({
      code: "invalid_command",
    });
    expect(harness.sentTypes()).toEqual([5]);
    const lost = harness.session.rcon("quit");
    harness.session.onClosed();
    expect(await rejection(lost)).toMatchObject({ code: "closed" });
    expect(await rejection(harness.session.rcon("status"))).toMatchObject({ code: "closed" });
  });

  test("gives up a server that takes nothing of what must be sent", () => {
    const harness = SessionHarness.up();
    harness.takes = false;
    harness.clock.advance(10_000);
    expect(harness.error?.code).toBe("timeout");
    expect(harness.clock.timers).toBe(0);
  });

  test("says goodbye, and hears nothing more", () => {
    const harness = SessionHarness.up();
    harness.session.close();
    harness.session.close();
    expect(harness.sentTypes()).toEqual([1]);
    harness.receive(server.chat(5, "hi"));
    harness.session.onClosed();
    expect(harness.told).toEqual([]);
    expect(harness.errors.map(({ code }) => code)).toEqual(["cancelled"]);
  });
});

describe("what no server sends", () => {
  test.each([
    ["a chat without an end", serverPacket(119, 3, 0, { u32: 5 })],
    ["a name without an end", Buffer.from([8, 0, 110, 5, 0, 0, 0, 65])],
    ["a welcome that is cut", serverPacket(104, "name", "13.0")],
    ["a list that never ends", serverPacket(103, 3, 1, { u16: 1 })],
    ["a second protocol", server.protocol()],
    ["a packet of the client's", serverPacket(4, "hi")],
    ["a line of HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(1000))],
  ])("%s ends the session, and nothing behind it is told", (_what, bytes) => {
    const harness = SessionHarness.up();
    harness.receive(bytes, server.chat(5, "hi"));
    expect(harness.error?.code).toBe("protocol_error");
    expect(harness.error?.message).toStartWith(
      "the server at 127.0.0.1:3977 cannot be understood: ",
    );
    expect(harness.told).toEqual([]);
    expect(harness.clock.timers).toBe(0);
  });

  test("a welcome out of turn ends the joining", () => {
    const harness = new SessionHarness();
    harness.session.start();
    harness.receive(server.welcome());
    expect(harness.error?.code).toBe("protocol_error");
  });

  test("unknown packets, and what newer servers add to known ones, are passed over", () => {
    const harness = SessionHarness.up();
    harness.receive(serverPacket(127, "news"), serverPacket(255, "!"));
    const longer = Buffer.concat([server.chat(5, "hi"), Buffer.from("more")]);
    longer.writeUInt16LE(longer.length, 0);
    harness.receive(longer);
    expect(harness.errors).toEqual([]);
    expect(harness.told).toMatchObject([{ kind: "chat", text: "hi" }]);
  });

  test("any bytes at all end it with a protocol error, or not at all", () => {
    const packet = fc
      .tuple(fc.integer({ min: 95, max: 130 }), fc.uint8Array({ maxLength: 40 }))
      .map(([type, body]) => Buffer.concat([serverPacket(type), body]))
      .map((bytes) => {
        bytes.writeUInt16LE(bytes.length, 0);
        return bytes;
      });
    const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(packet, noise), { maxLength: 20 }),
        fc.boolean(),
        (chunks, up) => {
          const harness = up ? SessionHarness.up() : new SessionHarness();
          if (!up) harness.session.start();
          for (const chunk of chunks) harness.session.receive(Buffer.from(chunk));
          for (const { message } of harness.errors) expect(message).not.toContain(PASSWORD);
          expect(harness.errors.length).toBeLessThanOrEqual(1);
          harness.session.close();
          expect(harness.errors).toHaveLength(1);
          expect(harness.clock.timers).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
