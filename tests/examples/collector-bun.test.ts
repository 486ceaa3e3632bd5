import { expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { signatureHeaders } from "../../mesh/plugins/collectors/http/signature.ts";
import { publish } from "../helpers/collectors/publish.ts";
import { freePort } from "../helpers/games/free-port.ts";
import { NODE, NodeProcess, Program, ROOT } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { until } from "../helpers/turns.ts";

setDefaultTimeout(20_000);

const EXAMPLE = join(ROOT, "examples/collector.ts");
const SECRET = randomBytes(32).toString("hex");

interface Receiver extends AsyncDisposable {
  readonly program: Program;
  readonly url: string;
}

async function started(port = 0): Promise<Receiver> {
  const program = Program.start([EXAMPLE, String(port)], { env: { EVENTS_SECRET: SECRET } });
  await until(() => program.stderr.includes("\n"));
  const url = /http:\S+/.exec(program.stderr)?.[0] ?? "";
  return { program, url, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

function config(url: string, secret: string): Promise<TempFolder> {
  const section = ["[collector:mine]", `url = ${url}`, "topics = shop.>", `secret = ${secret}`];
  const lines = ["[server]", "host = 127.0.0.1", ...section, "retry_max_ms = 500"];
  return TempFolder.create({ "node.ini": `${lines.join("\n")}\n` });
}

test("a node delivers to it, also what was published while neither was there for the other", async () => {
  const port = freePort();
  await using folder = await config(`http://127.0.0.1:${port}/events`, SECRET);
  await using first = await NodeProcess.ready(folder);
  expect(await publish(first, "shop.bought", { item: "hat" })).toBe(200);
  expect(await publish(first, "shop.bought", { item: "cap" })).toBe(200);
  expect(await first.stop()).toBe(0);
  await using receiver = await started(port);
  await using second = await NodeProcess.ready(folder);
  expect(await publish(second, "shop.bought", { item: "wig" })).toBe(200);
  await receiver.program.printed(/"wig"/);
  const items = [...receiver.program.stdout.matchAll(/"payload":\{"item":"(\w+)"\}/g)];
  expect(items.map(([, item]) => item)).toEqual(["hat", "cap", "wig"]);
  expect(await second.stop()).toBe(0);
});

test("a node with another secret is refused, and says so; its events stay", async () => {
  await using receiver = await started();
  await using folder = await config(receiver.url, randomBytes(32).toString("hex"));
  const tried = await Program.run([
    NODE,
    "collector",
    "test",
    "mine",
    "--config",
    folder.at("node.ini"),
  ]);
  expect([tried.exitCode, tried.stdout]).toEqual([1, ""]);
  expect(tried.stderr).toContain('answered 401, saying "wrong signature"');
  await using node = await NodeProcess.ready(folder);
  expect(await publish(node, "shop.bought", { item: "hat" })).toBe(200);
  const told = await node.logged("events not delivered");
  expect(told.message).toContain("answered 401");
  expect((await node.get("/api/outbox")).body).toMatchObject({
    queues: [{ name: "collectors:mine", depth: 1, dead: 0 }],
  });
  expect(receiver.program.stdout).toBe("");
});

test("it prints an event once, and takes nothing that is old or not signed", async () => {
  await using receiver = await started();
  const body = Buffer.from('[{"id":"one"},{"id":"two"}]');
  const post = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await fetch(receiver.url, { method: "POST", headers, body })).status;
  const nowMs = Date.now();
  expect(await post(signatureHeaders(SECRET, body, nowMs))).toBe(204);
  expect(await post(signatureHeaders(SECRET, body, nowMs))).toBe(204);
  expect(await post(signatureHeaders(SECRET, body, nowMs - 600_000))).toBe(401);
  expect(await post(signatureHeaders(SECRET, Buffer.from("[]"), nowMs))).toBe(401);
  expect(await post({})).toBe(401);
  expect(receiver.program.stdout).toBe('{"id":"one"}\n{"id":"two"}\n');
});

test("without a secret it does not start", async () => {
  const { exitCode, stderr } = await Program.run([EXAMPLE, "0"], { env: { EVENTS_SECRET: "" } });
  expect([exitCode, stderr]).toEqual([
    2,
    "Set EVENTS_SECRET to what the collector has as its secret\n",
  ]);
});
