import { afterEach, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { MeshNode } from "../../mesh/mesh-node.ts";
import { configOf } from "../helpers/mesh-node.ts";
import { RecordingLogger } from "../helpers/recording-logger.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

const ALONE =
  "this node dials nobody, and tells nobody where to dial it; name others in [mesh] peers";
const SECRETS = [newSecret(), newSecret()] as const;

let folder: TempFolder;
let log: RecordingLogger;
let node: MeshNode | undefined;

beforeEach(async () => {
  folder = await TempFolder.create();
  log = new RecordingLogger();
  node = undefined;
});

afterEach(async () => {
  await node?.stop();
  await folder[Symbol.asyncDispose]();
});

function newSecret(): string {
  return randomBytes(32).toString("hex");
}

async function start(mesh: string): Promise<MeshNode> {
  const config = await meshConfig(mesh);
  node = await MeshNode.listen({ config, configPath: folder.at("node.ini"), log });
  return node;
}

function meshConfig(mesh: string): ReturnType<typeof configOf> {
  return configOf({ node: `data = ${folder.at("data")}`, mesh });
}

test("a node that dials nobody, and cannot be dialled, is warned of until it has a peer", async () => {
  const alone = `secret = ${SECRETS[0]}\nadvertise = none`;
  const started = await start(alone);
  expect(log.messages("warn")).toEqual([ALONE]);
  // The port of nobody: it is refused.
  await started.reconfigure(await meshConfig(`${alone}\npeers = 127.0.0.1:1`));
  expect(log.messages("warn").filter((text) => text === ALONE)).toHaveLength(1);
  expect(await log.logged("the peers of the mesh have changed")).toMatchObject({
    fields: { peers: "127.0.0.1:1" },
  });
  await started.reconfigure(await meshConfig(alone));
  expect(log.messages("warn").filter((text) => text === ALONE)).toHaveLength(2);
});

test("a node that others can dial needs no peers", async () => {
  await start(`secret = ${SECRETS[0]}`);
  expect(log.messages("warn")).toEqual([]);
  expect(await log.logged("joining the mesh")).toMatchObject({
    fields: { peers: "none; others must dial this node" },
  });
});

test("other secrets are told by their number, and the same ones not at all", async () => {
  const started = await start(`secret = ${SECRETS[0]}`);
  await started.reconfigure(await meshConfig(`secret = ${SECRETS[0]}`));
  expect(log.messages("info")).not.toContain("the secrets of the mesh have changed");
  await started.reconfigure(await meshConfig(`secret[] = ${SECRETS[1]}\nsecret[] = ${SECRETS[0]}`));
  expect(await log.logged("the secrets of the mesh have changed")).toEqual({
    level: "info",
    message: "the secrets of the mesh have changed",
    fields: { secrets: 2 },
  });
  expect(JSON.stringify(log.lines)).not.toContain(SECRETS[1]);
});
