import { expect, test } from "bun:test";
import { connectRcon, type RconOptions } from "../../../../../mesh/plugins/games/rcon/connect.ts";
import { MINECRAFT, SOURCE, SOURCE_2 } from "../../../../../mesh/plugins/games/rcon/dialect.ts";
import {
  RconError,
  type RconErrorCode,
} from "../../../../../mesh/plugins/games/rcon/rcon-error.ts";
import { RconServer, rconPacket } from "../../../../helpers/games/rcon-server.ts";
import { type ScriptedPeer, ScriptedServer } from "../../../../helpers/scripted-peer.ts";
import { rejection, until } from "../../../../helpers/turns.ts";

const PASSWORD = "correct horse";

function to(port: number, more: Partial<RconOptions> = {}): RconOptions {
  return { host: "127.0.0.1", port, password: PASSWORD, ...more };
}

async function failure(promise: Promise<unknown>): Promise<RconErrorCode> {
  const error = await rejection(promise);
  if (!(error instanceof RconError)) throw error;
  expect(Bun.inspect(error, { depth: 9 })).not.toContain(PASSWORD);
  return error.code;
}

test("asks a Source server, whose replies come in parts", async () => {
  const long = "sv_gravity : 800\n".repeat(2_000);
  const answer = (command: string): string => (command === "cvarlist" ? long : `<${command}>`);
  await using server = await RconServer.listen({ style: "source", password: PASSWORD, answer });
  const client = await connectRcon(to(server.port));
  const replies = ["cvarlist", "status", "cvarlist"].map(
    async (text) => await client.request(text),
  );
  expect(await Promise.all(replies)).toEqual([long, "<status>", long]);
  client.close();
  expect((await client.closed).code).toBe("closed");
});

test("asks a Source server that sends no mark back", async () => {
  const answer = (command: string): string => command.repeat(3_000);
  const options = { style: "source", password: PASSWORD, answer, mirrors: false } as const;
  await using server = await RconServer.listen(options);
  const client = await connectRcon(to(server.port, { limits: { quietMs: 50 } }));
  expect(await client.request("ab")).toBe("ab".repeat(3_000));
  expect(await client.request("c")).toBe("c".repeat(3_000));
  client.close();
});

test("asks a server whose replies are one packet each", async () => {
  const answer = (): string => "x".repeat(100_000);
  const options = { style: "source", password: PASSWORD, answer, onePacket: true } as const;
  await using server = await RconServer.listen(options);
  const client = await connectRcon(to(server.port, { dialect: SOURCE_2 }));
  expect((await client.request("cvarlist")).length).toBe(100_000);
  client.close();
});

test("asks a Minecraft server many things at once, whatever the length of a reply", async () => {
  const answer = async (command: string): Promise<string> => {
    await Bun.sleep(0);
    return "ü".repeat(Number(command));
  };
  await using server = await RconServer.listen({ style: "minecraft", password: PASSWORD, answer });
  const client = await connectRcon(to(server.port, { dialect: MINECRAFT }));
  const lengths = [0, 1, 4095, 4096, 4097, 8192, 20_000, 2];
  const replies = lengths.map(async (length) => await client.request(String(length)));
  const received = (await Promise.all(replies)).map((reply) => reply.length);
  expect(received).toEqual(lengths);
  client.close();
});

test("a Minecraft server closes where two commands run together", async () => {
  // Holds the fake to the rule; otherwise the test above would prove nothing.
  const answer = (): string => "ok";
  await using server = await RconServer.listen({ style: "minecraft", password: PASSWORD, answer });
  const dialect = { ...MINECRAFT, inFlightMax: 2, replyEnd: "mark_behind" } as const;
  const client = await connectRcon(to(server.port, { dialect }));
  expect(await failure(client.request("a"))).toBe("closed");
  expect(server.commands).toEqual([]);
});

test("changes the map, which is never answered, and goes on", async () => {
  const answer = (command: string): string | undefined =>
    command.startsWith("changelevel") ? undefined : "up";
  const options = { style: "source", password: PASSWORD, answer, mirrors: false } as const;
  await using server = await RconServer.listen(options);
  const limits = { requestTimeoutMs: 100, quietMs: 20 };
  const client = await connectRcon(to(server.port, { limits }));
  await client.tell("changelevel de_dust2");
  expect(await failure(client.request("changelevel de_inferno"))).toBe("timeout");
  expect(await client.request("status")).toBe("up");
  client.close();
});

test("a wrong password, on either kind of server", async () => {
  for (const style of ["source", "minecraft"] as const) {
    await using server = await RconServer.listen({ style, password: "other" });
    const dialect = style === "source" ? SOURCE : MINECRAFT;
    expect(await failure(connectRcon(to(server.port, { dialect })))).toBe("wrong_password");
  }
});

test("nobody listens, nobody answers, and options that cannot be", async () => {
  const port = await freePort();
  expect(await failure(connectRcon(to(port)))).toBe("connect_failed");
  expect(await failure(connectRcon(to(0)))).toBe("invalid_option");
  expect(await failure(connectRcon(to(port, { password: "" })))).toBe("invalid_option");
  const long = { dialect: MINECRAFT, password: PASSWORD.repeat(200) };
  expect(await failure(connectRcon(to(port, long)))).toBe("invalid_option");

  await using silent = await ScriptedServer.listen(() => {});
  const limits = { loginTimeoutMs: 50 };
  expect(await failure(connectRcon(to(silent.port, { limits })))).toBe("timeout");
});

test("a server that closes at once, and one that is something else", async () => {
  await using closing = await ScriptedServer.listen((peer) => peer.end());
  expect(await failure(connectRcon(to(closing.port)))).toBe("closed");
  await using resetting = await ScriptedServer.listen((peer) => peer.reset());
  expect(["closed", "connect_failed"]).toContain(await failure(connectRcon(to(resetting.port))));
  await using web = await ScriptedServer.listen((peer) =>
    peer.send(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")),
  );
  expect(await failure(connectRcon(to(web.port)))).toBe("protocol_error");
});

test("an attempt that is given up, before the connection and while it waits for the answer", async () => {
  const peers: ScriptedPeer[] = [];
  await using silent = await ScriptedServer.listen((peer) => peers.push(peer));
  const early = AbortSignal.abort();
  expect(await failure(connectRcon(to(silent.port, { signal: early })))).toBe("closed");
  const controller = new AbortController();
  const attempt = connectRcon(to(silent.port, { signal: controller.signal }));
  const outcome = failure(attempt);
  await until(() => peers.some(({ receivedBytes }) => receivedBytes > 0));
  controller.abort();
  expect(await outcome).toBe("closed");
  await peers[0]?.ended();
});

test("a server that goes while commands wait, at any byte of its reply", async () => {
  const reply = Buffer.concat([rconPacket(3, 0, "players"), rconPacket(4, 0, "")]);
  for (let bytes = 0; bytes < reply.length; bytes += 5) {
    const greeted = playedServer(async (peer) => {
      await peer.expectBytes(14 + PASSWORD.length);
      peer.send(rconPacket(1, 0, ""), rconPacket(1, 2, ""));
      await peer.expectBytes(14 + PASSWORD.length + 14);
      peer.send(reply.subarray(0, bytes));
      peer.end();
    });
    await using server = await greeted;
    const client = await connectRcon(to(server.port));
    expect(await failure(client.request("status"))).toBe("closed");
    expect((await client.closed).code).toBe("closed");
  }
});

test("a server that takes nothing: what waits is bounded, and closing does not wait for it", async () => {
  const peers: ScriptedPeer[] = [];
  await using server = await playedServer(async (peer) => {
    peers.push(peer);
    await peer.expectBytes(14 + PASSWORD.length);
    peer.send(rconPacket(1, 2, ""));
    peer.pause();
  });
  const client = await connectRcon(to(server.port, { limits: { commandsMax: 8 } }));
  const command = "x".repeat(4086);
  const codes: string[] = [];
  for (let i = 0; i < 5_000 && codes.length === 0; i++) {
    client.tell(command).catch((error: unknown) => {
      codes.push(error instanceof RconError ? error.code : "other");
    });
    if (i % 100 === 0) await Bun.sleep(0);
  }
  await until(() => codes.length > 0);
  expect(codes[0]).toBe("queue_full");
  client.close();
  await until(() => codes.filter((code) => code === "closed").length === 8);
  peers[0]?.resume();
  await peers[0]?.ended();
});

test("a slow server gets every command whole and in order", async () => {
  const peers: ScriptedPeer[] = [];
  await using server = await playedServer(async (peer) => {
    peers.push(peer);
    await peer.expectBytes(14 + PASSWORD.length);
    peer.send(rconPacket(1, 2, ""));
    peer.pause();
  });
  const commandsMax = 5_000;
  const client = await connectRcon(to(server.port, { limits: { commandsMax } }));
  const commands = Array.from({ length: commandsMax }, (_, i) => `${i} ${"x".repeat(4_000)}`);
  const told = Promise.all(commands.map(async (command) => await client.tell(command)));
  peers[0]?.resume();
  await told;
  const sent = [rconPacket(1, 3, PASSWORD)];
  for (const [i, command] of commands.entries()) sent.push(rconPacket(2 * i + 3, 2, command));
  await peers[0]?.expect(Buffer.concat(sent));
  client.close();
});

async function playedServer(play: (peer: ScriptedPeer) => Promise<void>): Promise<ScriptedServer> {
  return await ScriptedServer.listen((peer) => {
    play(peer).catch(() => {});
  });
}

/** A port where nobody listens now. */
async function freePort(): Promise<number> {
  await using server = await ScriptedServer.listen(() => {});
  return server.port;
}
