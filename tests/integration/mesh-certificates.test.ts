/** A mesh whose operator has an authority of their own, besides the secret. */

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { MeshNode } from "../../mesh/mesh-node.ts";
import { configOf } from "../helpers/mesh-node.ts";
import { newSecret } from "../helpers/mesh-process.ts";
import { RecordingLogger } from "../helpers/recording-logger.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { until } from "../helpers/turns.ts";

setDefaultTimeout(20_000);

const TLS = join(import.meta.dir, "../fixtures/tls");
const SECRET = newSecret();

let folder: TempFolder;
let log: RecordingLogger;
let nodes: MeshNode[];

beforeEach(async () => {
  folder = await TempFolder.create();
  log = new RecordingLogger();
  nodes = [];
});

afterEach(async () => {
  for (const node of nodes) await node.stop();
  await folder[Symbol.asyncDispose]();
});

/** With the certificate of that name, or without any. */
async function start(name: string, certificate: string | undefined, seed?: MeshNode) {
  const tls =
    certificate === undefined
      ? ""
      : `tls_cert = ${TLS}/${certificate}.pem\ntls_key = ${TLS}/${certificate}.key\ntls_ca = ${TLS}/ca.pem\n`;
  const peers = seed === undefined ? "" : `peers = 127.0.0.1:${seed.port}\n`;
  const config = await configOf({
    node: `name = ${name}\ndata = ${folder.at(name)}`,
    mesh: `secret = ${SECRET}\n${tls}${peers}`,
  });
  const node = await MeshNode.listen({ config, configPath: folder.at("node.ini"), log });
  nodes.push(node);
  return node;
}

function peersOf(node: MeshNode): readonly string[] {
  return node.messenger.peers().map(({ name }) => name);
}

test("nodes with certificates of one authority are linked, whatever the names in them", async () => {
  const surf = await start("surf", "localhost");
  surf.messenger.serve("echo", ({ payload }) => payload);
  const bhop = await start("bhop", "elsewhere", surf);
  await until(() => peersOf(surf).length === 1 && peersOf(bhop).length === 1);
  expect(await bhop.messenger.request("surf", "echo", "hi")).toBe("hi");
});

test.each([
  ["of another authority", "impostor"],
  ["of their own making", "self-signed"],
  ["none", undefined],
])("who knows the secret but has a certificate %s gets no link", async (_what, certificate) => {
  const surf = await start("surf", "localhost");
  const stranger = await start("stranger", certificate, surf);
  const bhop = await start("bhop", "elsewhere", surf);
  await until(() => peersOf(bhop).length === 1);
  await until(() => (stranger.status().mesh?.peers[0]?.lastError ?? null) !== null);
  expect(peersOf(surf)).toEqual(["bhop"]);
  expect(peersOf(stranger)).toEqual([]);
});
