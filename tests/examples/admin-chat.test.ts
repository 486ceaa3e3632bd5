import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { NodeProcess, Program, ROOT } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

setDefaultTimeout(20_000);

const CLIENT = join(ROOT, "examples/admin-chat/client.ts");
const PROMPT = /Message \(empty to quit\): $/;

/** The node as the project's own config starts it. */
function startNode(folder: TempFolder): Promise<NodeProcess> {
  return NodeProcess.ready(folder, "--config", join(ROOT, "config/node.ini"));
}

function startClient({ port }: { readonly port: number }): Program {
  return Program.start([CLIENT, `127.0.0.1:${port}`]);
}

test("lines are delivered, the plugin says them, and an empty line quits", async () => {
  await using folder = await TempFolder.create();
  await using node = await startNode(folder);
  await using client = startClient(node);
  for (const line of ["hello", "grüß Gott ☃", "a".repeat(500)]) {
    await client.printed(PROMPT);
    client.type(line);
    await client.printed(/^Delivered\.$/m);
    const said = await node.logged("ADMIN: ");
    expect(said.message).toBe(`ADMIN: ${line}`);
    expect(said["plugin"]).toBe("admin-chat");
    expect(said["from"]).toMatch(/^127\.0\.0\.1:\d+$/);
  }
  await client.printed(PROMPT);
  client.type("");
  expect(await client.finished()).toMatchObject({ exitCode: 0, stderr: "" });
});

test("the end of the input quits, too", async () => {
  await using folder = await TempFolder.create();
  await using node = await startNode(folder);
  await using client = startClient(node);
  await client.printed(PROMPT);
  await client.endInput();
  expect(await client.finished()).toMatchObject({ exitCode: 0, stderr: "" });
});

test("without a node it says so and exits with 1", async () => {
  using closed = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = closed;
  closed.stop(true);
  expect(await Program.run([CLIENT, `127.0.0.1:${port}`])).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: `Failed: nothing listens on 127.0.0.1:${port}. Start the node, then try again.\n`,
  });
});

test("with an address that is none it says so and exits with 1", async () => {
  const { exitCode, stdout, stderr } = await Program.run([CLIENT, "127.0.0.1:port"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toBe(
    'Failed: the port of "127.0.0.1:port" must be a whole number from 1 to 65535\n',
  );
});

test("a line fails while the plugin is unloaded, and the next works once it is back", async () => {
  await using folder = await TempFolder.create();
  await using node = await startNode(folder);
  await using client = startClient(node);
  await client.printed(PROMPT);
  client.type("one");
  await client.printed(/^Delivered\.$/m);
  expect((await node.act("unload", "admin-chat")).status).toBe(200);
  for (const line of ["two", "still two"]) {
    await client.printed(PROMPT);
    client.type(line);
    await client.printed(
      /^Failed: the plugin is not loaded on that node\. Load it, then type the line again\.$/m,
    );
  }
  expect((await node.act("load", "admin-chat")).status).toBe(200);
  await client.printed(PROMPT);
  client.type("three");
  await client.printed(/^Delivered\.$/m);
  const said = node.log.filter(({ message }) => message.startsWith("ADMIN: "));
  expect(said.map(({ message }) => message)).toEqual(["ADMIN: one", "ADMIN: three"]);
});

test("a line after a restart of the node that nobody noticed is delivered", async () => {
  await using folder = await TempFolder.create();
  await using first = await startNode(folder);
  await using client = startClient(first);
  await client.printed(PROMPT);
  expect(await first.stop()).toBe(0);
  const config = ["--config", join(ROOT, "config/node.ini"), "--port", String(first.port)];
  await using second = await NodeProcess.ready(folder, ...config);
  client.type("still here");
  await client.printed(/^Delivered\.$/m);
  expect((await second.logged("ADMIN: ")).message).toBe("ADMIN: still here");
});

test("the plugin says where to type to", async () => {
  await using folder = await TempFolder.create();
  await using node = await startNode(folder);
  const { message } = await node.logged("type to me: ");
  expect(message).toEndWith(`client.ts 127.0.0.1:${node.port}`);
});

test("a node that restarts between two lines costs nothing", async () => {
  await using folder = await TempFolder.create();
  await using first = await startNode(folder);
  await using client = startClient(first);
  await client.printed(PROMPT);
  expect(await first.stop()).toBe(0);
  client.type("into the void");
  await client.printed(/^Failed: .+$/m);
  const config = ["--config", join(ROOT, "config/node.ini"), "--port", String(first.port)];
  await using second = await NodeProcess.ready(folder, ...config);
  await client.printed(PROMPT);
  client.type("back");
  await client.printed(/^Delivered\.$/m);
  expect((await second.logged("ADMIN: ")).message).toBe("ADMIN: back");
});
