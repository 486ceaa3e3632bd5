import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Socket } from "bun";
import { encode, encodeFrame, ServerCode } from "../../src/index.ts";
import { type Finished, NodeProcess, Program, ROOT } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { until } from "../helpers/turns.ts";
import { BusNode } from "../mesh/plugins/bus/bus-harness.ts";

setDefaultTimeout(20_000);

const PYTHON = Bun.which("python3");
const CLIENT = join(ROOT, "examples/bus-client.py");
/** Nothing is to be left beside the examples. */
const ENV = { PYTHONDONTWRITEBYTECODE: "1" };

function python(...args: string[]): Program {
  return Program.start(args, { env: ENV, interpreter: PYTHON ?? "python3" });
}

function client(port: number, ...args: string[]): Program {
  return python(CLIENT, "--port", String(port), ...args);
}

async function ran(program: Program): Promise<Finished> {
  await using running = program;
  return await running.finished();
}

describe.skipIf(PYTHON === null)("examples/bus-client.py", () => {
  let node: BusNode;
  let port: number;

  beforeEach(async () => {
    node = await BusNode.start();
    ({ port } = node.endpoint);
  });

  afterEach(() => node[Symbol.asyncDispose]());

  /** Waits until that many applications subscribe or serve. */
  async function settled(kind: "subscriptions" | "services", count: number): Promise<void> {
    await until(() => node.messenger.sizes()[kind] === count);
  }

  test("what one says the other hears, until it is interrupted", async () => {
    await using ann = client(port, "listen", "chat.>");
    await settled("subscriptions", 1);
    const said = { stdout: "", stderr: "", exitCode: 0 };
    expect(await ran(client(port, "say", "chat.global", "hello"))).toEqual(said);
    expect(
      await ran(client(port, "say", "chat.team.red", '{"text": "gg", "ids": [1, null]}')),
    ).toEqual(said);
    node.messenger.publish("chat.global", "\u001b[2Jbell\u0007");
    node.messenger.publish("chat.global", Buffer.from([1, 2]));
    for (const line of [
      "chat.global surf: hello",
      'chat.team.red surf: {"text": "gg", "ids": [1, null]}',
      "chat.global surf: \\x1b[2Jbell\\x07",
    ]) {
      expect(await ann.printed(/^.*\n/)).toEqual(expect.arrayContaining([`${line}\n`]));
    }
    await ann.printed(/^chat\.global surf: .*x01.*x02.*\n/);
    ann.kill("SIGINT");
    const { exitCode, stderr } = await ann.finished();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 130,
      stderr: "listening to chat.> at surf\n",
    });
    await settled("subscriptions", 0);
  });

  test("what one asks the other serves", async () => {
    await using clock = client(port, "serve", "time");
    await settled("services", 1);
    for (const who of ["surf", "*"]) {
      const { stdout, exitCode } = await ran(client(port, "ask", who, "time", "now?"));
      expect(stdout).toMatch(/^\d\d:\d\d:\d\d\n$/);
      expect(exitCode).toBe(0);
      await clock.printed(/^surf asks: now\?\n/);
    }
  });

  test("who is there, and what they say of themselves", async () => {
    node.messenger.setPresence("a test", { map: "de_dust2" });
    const { stdout } = await ran(client(port, "nodes"));
    expect(stdout).toBe('surf (here): {"map": "de_dust2"}\n');
  });

  test("what fails is one line of text", async () => {
    const { stdout, stderr, exitCode } = await ran(client(port, "ask", "surf", "nothing"));
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect(stderr).toMatch(/^Failed: .*nothing.*\n$/);
    const topic = await ran(client(port, "say", "chat.*", "x"));
    expect(topic.stderr).toMatch(/^Failed: the topic "chat\.\*" contains a wildcard.*\n$/);
  });

  const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

  test.each([
    [
      "a wide integer",
      ["say", "a", "99999999999999999999"],
      /no MessagePack: an integer has 64 bits/,
    ],
    ["half a letter", ["say", "a", '"\\ud83d"'], /no MessagePack: .*surrogates not allowed/],
    ["70 lists", ["say", "a", nested(70)], /no MessagePack: nested deeper than 64 levels/],
    ["30,000 lists", ["say", "a", nested(30_000)], /the payload is nested too deeply/],
    [
      "30,000 years",
      ["ask", "*", "x", "--timeout", "1e12"],
      /a timeout is .* at most 2147484 seconds, not 1000000000000.0/,
    ],
    ["no number", ["ask", "*", "x", "--timeout", "nan"], /a timeout is .*, not nan/],
    ["no port", ["--port", "99999999", "nodes"], /no node answers at 127.0.0.1:99999999: .*/],
  ] as const)("what cannot be is one line of text, too: %s", async (_what, args, text) => {
    const { stdout, stderr, exitCode } = await ran(client(port, ...args));
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    const [, said] = /^Failed: (.*)\n$/.exec(stderr) ?? [];
    expect(said ?? stderr.slice(-500)).toMatch(text);
  });

  test("what a terminal cannot show does not end it", async () => {
    const env = { ...ENV, PYTHONIOENCODING: "ascii", PYTHONUTF8: "0" };
    const args = [CLIENT, "--port", String(port), "listen", "a"];
    await using ann = Program.start(args, { env, interpreter: PYTHON ?? "python3" });
    await settled("subscriptions", 1);
    node.messenger.publish("a", "café");
    await ann.printed(/^a surf: caf\\xe9\n/);
  });

  test("nobody home says what to do", async () => {
    await node.host.unload("bus");
    const { stderr, exitCode } = await ran(client(port, "say", "a", "b"));
    expect(stderr).toBe(
      `Failed: the node at 127.0.0.1:${port} has no bus; its config has to say bus = on in [plugins]\n`,
    );
    expect(exitCode).toBe(1);
  });

  test("no node says so", async () => {
    await node.endpoint.close(0);
    const { stderr, exitCode } = await ran(client(port, "say", "a", "b"));
    expect(stderr).toMatch(
      new RegExp(`^Failed: no node answers at 127\\.0\\.0\\.1:${port}: .*\n$`),
    );
    expect(exitCode).toBe(1);
  });

  test("the bus is switched off meanwhile", async () => {
    await using ann = client(port, "listen", "chat.>");
    await settled("subscriptions", 1);
    await node.host.unload("bus");
    const { stderr, exitCode } = await ann.finished();
    expect(stderr).toEndWith(`Failed: the bus of the node at 127.0.0.1:${port} was switched off\n`);
    expect(exitCode).toBe(1);
  });

  test("the node stops: it leaves, without a complaint", async () => {
    await using ann = client(port, "listen", "chat.>");
    await settled("subscriptions", 1);
    await node.endpoint.close();
    expect(await ann.finished()).toMatchObject({
      exitCode: 0,
      stderr: "listening to chat.> at surf\n",
    });
  });
});

test.skipIf(PYTHON === null)(
  "a node offers the bus unasked, and it can be switched off",
  async () => {
    await using folder = await TempFolder.create({
      "node.ini": "[server]\nhost = 127.0.0.1\n[node]\nname = dust\n",
    });
    await using node = await NodeProcess.ready(folder);
    await using ann = client(node.port, "listen", "chat.>");
    await until(() => ann.stderr.includes("listening"));
    expect(await ran(client(node.port, "say", "chat.global", "hello"))).toMatchObject({
      exitCode: 0,
    });
    await ann.printed(/^chat\.global dust: hello\n/);
    await using clock = client(node.port, "serve", "time");
    await until(() => clock.stderr.includes("serving"));
    const asked = await ran(client(node.port, "ask", "dust", "time"));
    expect(asked.stdout).toMatch(/^\d\d:\d\d:\d\d\n$/);
    expect((await ran(client(node.port, "nodes"))).stdout).toStartWith("dust (here)");
    expect(await node.act("unload", "bus")).toMatchObject({ status: 200 });
    for (const program of [ann, clock]) {
      const { stderr, exitCode } = await program.finished();
      expect(stderr).toEndWith(`the bus of the node at 127.0.0.1:${node.port} was switched off\n`);
      expect(exitCode).toBe(1);
    }
    expect(await node.act("load", "bus")).toMatchObject({ status: 200 });
    expect(await ran(client(node.port, "say", "chat.global", "again"))).toMatchObject({
      exitCode: 0,
    });
    expect(node.log.filter(({ level }) => level !== "info")).toEqual([]);
  },
);

describe.skipIf(PYTHON === null)("the bytes that examples/ccp_bus.py reads", () => {
  const HELLO = encodeFrame(ServerCode.data, encode({ op: "hello", node: "odd", version: 1 }));
  const OK = encodeFrame(ServerCode.data, encode({ op: "ok", id: 1 }));
  const GREETING = Buffer.concat([encodeFrame(ServerCode.accepted), HELLO, OK]);
  const message = (payload: unknown) => {
    const told = { op: "message", id: 1, topic: "t", from: "odd", payload };
    return encodeFrame(ServerCode.data, encode(told));
  };

  /** A node that answers whatever comes first with these bytes, in such pieces. */
  async function listen(pieces: readonly Uint8Array[], end = true): Promise<Finished> {
    const served: Socket[] = [];
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => void served.push(socket),
        data: async (socket) => {
          if (served.pop() === undefined) return;
          for (const piece of pieces) {
            socket.write(piece);
            // So that they do not come together.
            await new Promise((resolve) => setTimeout(resolve, 0));
          }
          if (end) socket.shutdown();
        },
      },
    });
    try {
      return await ran(client(server.port, "listen", "t"));
    } finally {
      server.stop(true);
    }
  }

  test("may be cut anywhere", async () => {
    const bytes = Buffer.concat([
      GREETING,
      message("a"),
      message([1, "ü"]),
      encodeFrame(ServerCode.end),
    ]);
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    const { stdout, exitCode } = await listen(pieces);
    expect(stdout).toBe('t odd: a\nt odd: [1, "ü"]\n');
    expect(exitCode).toBe(0);
  });

  test("may be a map with a key that JSON does not have", async () => {
    const told = { op: "message", id: 1, topic: "t", from: "odd", payload: "@" };
    const odd = Buffer.from(encode(told).toHex().replace("a140", "81c4010701"), "hex");
    const all = [GREETING, encodeFrame(ServerCode.data, odd), encodeFrame(ServerCode.end)];
    expect(await listen(all)).toMatchObject({ stdout: "t odd: {b'\\x07': 1}\n", exitCode: 0 });
  });

  test("may be run together", async () => {
    const all = Buffer.concat([GREETING, message("a"), message("b"), encodeFrame(ServerCode.end)]);
    expect(await listen([all])).toMatchObject({ stdout: "t odd: a\nt odd: b\n", exitCode: 0 });
  });

  test.each([
    [
      "no MessagePack",
      encodeFrame(ServerCode.data, Buffer.from("c1", "hex")),
      "sent what is no MessagePack: 0xc1 begins no value",
    ],
    ["the end within a message", message("a").subarray(0, 8), "closed the connection"],
    [
      "a communication error",
      encodeFrame(ServerCode.communicationError),
      "failed; its log says why",
    ],
  ])("may be bad, and then it says so: %s", async (_what, bad, text) => {
    const { stdout, stderr, exitCode } = await listen([GREETING, message("a"), bad]);
    expect({ stdout, exitCode }).toEqual({ stdout: "t odd: a\n", exitCode: 1 });
    expect(stderr).toMatch(/^listening to t at odd\nFailed: [^\n]*\n$/);
    expect(stderr).toContain(text);
  });

  test("may come from something else altogether", async () => {
    const { stderr, exitCode } = await listen([Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")]);
    expect(stderr).toMatch(
      /^Failed: .* (closed the connection; is that .*|is no node of ccp-mesh.*)\n$/,
    );
    expect(exitCode).toBe(1);
  });
});

test.skipIf(PYTHON === null)(
  "msgpack_small.py writes what it reads, byte by byte as the node does",
  async () => {
    const values = [
      null,
      true,
      false,
      0,
      1,
      127,
      128,
      255,
      256,
      65_535,
      65_536,
      2 ** 32 - 1,
      2 ** 32,
      2n ** 64n - 1n,
      -1,
      -32,
      -33,
      -128,
      -129,
      -32_768,
      -32_769,
      -(2 ** 31),
      -(2 ** 31) - 1,
      -(2n ** 63n),
      1.5,
      -0.1,
      "",
      "a".repeat(31),
      "a".repeat(32),
      "ü".repeat(128),
      "a".repeat(65_536),
      new Uint8Array(0),
      new Uint8Array(256),
      new Uint8Array(65_536),
      [],
      [[1], ["2", [null]]],
      Array.from({ length: 70_000 }, (_, at) => at),
      { a: { b: [1, { c: "d" }] } },
      new Date(1_700_000_000_000),
    ];
    const script = [
      "import sys; sys.path.insert(0, 'examples'); import msgpack_small as m",
      "for line in sys.stdin: print(m.encode(m.decode(bytes.fromhex(line))).hex(), flush=True)",
    ];
    await using program = python("-c", script.join("\n"));
    const lines = values.map((value) => Buffer.from(encode(value)).toString("hex"));
    for (const line of lines) program.type(line);
    await program.endInput();
    const { stdout, stderr } = await program.finished();
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual(lines);
  },
);
