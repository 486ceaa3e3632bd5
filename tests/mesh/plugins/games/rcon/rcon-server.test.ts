/** The fake server, checked by a client that is not ours: Debian's package `rcon`. */

import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { RconServer } from "../../../../helpers/games/rcon-server.ts";

const RCONCLT = "/usr/bin/rconclt";
const PYTHON = "/usr/bin/python3";
const isMissing = !existsSync(RCONCLT) || !existsSync(PYTHON);

async function run(...command: readonly string[]): Promise<{ code: number; out: string }> {
  const process = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const timer = setTimeout(() => process.kill("SIGKILL"), 10_000);
  const out = await new Response(process.stdout).text();
  const code = await process.exited;
  clearTimeout(timer);
  return { code, out };
}

test.skipIf(isMissing)("Debian's client is served as by Minecraft", async () => {
  const long = "x".repeat(9_000);
  const answer = (command: string): string => (command === "help" ? long : `<${command}>`);
  await using server = await RconServer.listen({ style: "minecraft", password: "secret", answer });
  const where = `secret@127.0.0.1:${server.port}`;
  expect(await run(RCONCLT, where, "say", "hi there")).toEqual({
    code: 0,
    out: "<say hi there>\n",
  });
  expect(await run(RCONCLT, where, "help")).toEqual({ code: 0, out: `${long}\n` });
  // 5 is its code of exit for a wrong password.
  expect((await run(RCONCLT, `wrong@127.0.0.1:${server.port}`, "list")).code).toBe(5);
});

/**
 * Its command line reads each packet through a buffer of its own and loses what runs together, as
 * the two packets of a Source server's login may; its packets are read from one buffer here.
 */
const SOURCE_CLIENT = `
import socket, sys
from rcon.source.proto import Packet, Type, LittleEndianSignedInt32 as Int
link = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
file = link.makefile("rb")
def ask(id, type, body):
    link.sendall(bytes(Packet(Int(id), type, body)))
def show():
    packet = Packet.read(file)
    print(int(packet.id), int(packet.type), len(packet.payload), packet.payload[:8].hex())
ask(5, Type.SERVERDATA_EXECCOMMAND, b"status")
show()
ask(7, Type.SERVERDATA_AUTH, b"secret")
show()
show()
ask(9, Type.SERVERDATA_EXECCOMMAND, b"cvarlist")
ask(10, Type.SERVERDATA_RESPONSE_VALUE, b"")
for _ in range(5):
    show()
`;

test.skipIf(isMissing)("Debian's packets are answered as by a Source server", async () => {
  const answer = (): string => "A".repeat(9_000);
  await using server = await RconServer.listen({ style: "source", password: "secret", answer });
  const { code, out } = await run(PYTHON, "-c", SOURCE_CLIENT, String(server.port));
  expect(
    out
      .split("\n")
      .map((line) => line.trimEnd())
      .filter(Boolean),
  ).toEqual([
    "-1 2 0",
    "7 0 0",
    "7 2 0",
    "9 0 4086 4141414141414141",
    "9 0 4086 4141414141414141",
    "9 0 828 4141414141414141",
    "10 0 0",
    "10 0 4 00010000",
  ]);
  expect(code).toBe(0);
  expect(server.commands).toEqual(["cvarlist"]);
});
