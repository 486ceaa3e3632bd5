/** The node as a process: how it starts, what it survives, how it ends. */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { RequestClient } from "../../src/index.ts";
import { NODE, NodeProcess, Program, ROOT } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

setDefaultTimeout(20_000);

/** Answers at once, late (once there is a file called release), and never; and fails in ways that nobody can catch. */
const PLUGIN = `
  import { existsSync } from "node:fs";
  import { definePlugin } from "ccp-mesh";
  export default definePlugin({
    name: "talk",
    setup(node) {
      node.onRequest("talk", async (_address, data) => {
        const text = data.toString();
        if (text === "late") {
          node.log.info("was asked");
          while (!existsSync("release")) await Bun.sleep(5);
        } else if (text === "never") {
          node.log.info("was asked");
          await new Promise(() => {});
        } else if (text === "throw") {
          setTimeout(() => { throw new Error("thrown by a timer of its own"); });
        } else if (text === "reject") {
          void Promise.reject(new Error("a rejection of its own"));
        }
        return "answer to " + text;
      });
      node.onUnload(() => node.log.info("said goodbye"));
    },
  });
`;

function files(config = "", plugins = "talk.ts"): Record<string, string> {
  return {
    "node.ini": `[server]\nhost = 127.0.0.1\n[plugins]\nload = ${plugins}\n${config}`,
    "talk.ts": PLUGIN,
  };
}

function connect({ port }: { readonly port: number }): Promise<RequestClient> {
  return RequestClient.connect({ host: "127.0.0.1", port, plugin: "talk" });
}

async function ask(node: NodeProcess, text = "it"): Promise<string> {
  await using client = await connect(node);
  return (await client.request(text)).toString();
}

describe("a node that starts", () => {
  test("says where it listens and what to try, as JSON where there is no terminal", async () => {
    await using folder = await TempFolder.create(files());
    await using node = await NodeProcess.ready(folder, "--name", "surf-1");
    expect(node.log[0]).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: "info",
      message: "listening",
      node: "surf-1",
      ccp: `127.0.0.1:${node.port}`,
      admin: node.adminUrl,
      version: expect.any(String),
      pid: expect.any(Number),
    });
    expect(node.log.at(-1)?.message).toBe(`ready; see it with: curl ${node.adminUrl}/api/status`);
    expect(await ask(node)).toBe("answer to it");
    expect(node.stderr).toBe("");
  });

  test("logs text where the config asks for it", async () => {
    await using folder = await TempFolder.create(files("[log]\nformat = text\n"));
    const args = [NODE, "--config", folder.at("node.ini"), "--port", "0", "--admin-port", "0"];
    await using node = Program.start(args);
    await node.printed(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO {2}listening {2}node=\S+ ccp=127\.0\.0\.1:\d+ /m,
    );
    await node.printed(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO {2}ready; /m);
    expect(await node.stop()).toBe(0);
    expect(node.stdout).toContain(" INFO  told to stop; a second signal exits at once\n");
    expect(node.stdout).toEndWith(" INFO  stopped\n");
  });

  test.each([
    [{ NO_COLOR: "" }, "\x1b[32mINFO \x1b[0m listening"],
    [{ NO_COLOR: "1" }, " INFO  listening"],
  ])("colours the level on a terminal, unless it is told not to: %j", async (env, expected) => {
    await using folder = await TempFolder.create(files("", ""));
    const args = [NODE, "--config", folder.at("node.ini"), "--port", "0", "--admin-port", "0"];
    let shown = "";
    const ready = Promise.withResolvers<void>();
    await using terminal = new Bun.Terminal({
      data: (_terminal, data) => {
        shown += Buffer.from(data).toString();
        if (shown.includes("ready; ")) ready.resolve();
      },
    });
    const node = Bun.spawn([process.execPath, ...args], {
      cwd: folder.path,
      env: { ...process.env, FORCE_COLOR: undefined, ...env },
      terminal,
    });
    await ready.promise;
    expect(shown).toContain(expected);
    node.kill("SIGTERM");
    expect(await node.exited).toBe(0);
  });

  test("takes the original's config as it is", async () => {
    const original = await readFile(join(ROOT, "config/sp-ccp.ini"), "utf8");
    await using folder = await TempFolder.create({ "node.ini": original });
    await using node = await NodeProcess.ready(folder);
    expect(connect(node)).rejects.toMatchObject({ code: "nobody_home" });
    expect(await node.get("/api/status")).toMatchObject({
      status: 200,
      body: { endpoint: { port: node.port, counters: { nobodyHome: 1 } } },
    });
  });

  test("answers health checks while a plugin takes long to load", async () => {
    const slow = `
      export default { name: "slow", async setup(node) {
        const { promise, resolve } = Promise.withResolvers();
        node.onRequest("talk", () => { resolve(); return "go on"; });
        node.log.info("setting up");
        await promise;
      } };`;
    await using folder = await TempFolder.create({ ...files("", "slow.ts"), "slow.ts": slow });
    await using node = await NodeProcess.listening(folder);
    await node.logged("setting up");
    expect(await node.get("/readyz")).toEqual({ status: 503, body: "starting\n" });
    expect(await node.get("/healthz")).toEqual({ status: 200, body: "ok\n" });
    expect(await ask(node)).toBe("go on");
    await node.logged("ready; ");
    expect(await node.get("/readyz")).toEqual({ status: 200, body: "ready\n" });
  });

  test("on a busy port exits with 1, and says which and what to do", async () => {
    using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    await using folder = await TempFolder.create(files());
    const run = (...args: string[]) =>
      Program.run([NODE, "--config", folder.at("node.ini"), ...args], { cwd: folder.path });
    expect(await run("--admin-port", "0", "--port", String(other.port))).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        `port ${other.port} is in use on 127.0.0.1: another program listens there already. ` +
        "Is a node running already? Set another [server] port, or use --port\n",
    });
    expect(await run("--port", "0", "--admin-port", String(other.port))).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        `the admin address 127.0.0.1:${other.port} is in use: another program listens there ` +
        "already. Is a node running already? Set another [admin] port, or use --admin-port\n",
    });
  });

  test("beside one that runs already does not take its ports along", async () => {
    await using folder = await TempFolder.create(files());
    await using first = await NodeProcess.ready(folder);
    const { port } = new URL(first.adminUrl);
    const run = (...args: string[]) =>
      Program.run([NODE, "--config", folder.at("node.ini"), ...args], { cwd: folder.path });
    const second = await run("--port", "0", "--admin-port", port);
    expect(second).toMatchObject({ exitCode: 1, stdout: "" });
    expect(second.stderr).toStartWith(`the admin address 127.0.0.1:${port} is in use: `);
    const third = await run("--port", String(first.port), "--admin-port", "0");
    expect(third).toMatchObject({ exitCode: 1, stdout: "" });
    expect(third.stderr).toStartWith(`port ${first.port} is in use on 127.0.0.1: `);
  });

  test("starts again on its ports after it was killed with clients connected", async () => {
    await using folder = await TempFolder.create(files());
    await using first = await NodeProcess.ready(folder);
    const client = await connect(first);
    await client.request("it");
    await first.stop("SIGKILL");
    expect((await client.over)?.code).toBe("connection_aborted");
    const adminPort = new URL(first.adminUrl).port;
    const ports = ["--port", String(first.port), "--admin-port", adminPort];
    await using second = await NodeProcess.ready(folder, ...ports);
    expect(second.port).toBe(first.port);
    expect(await ask(second)).toBe("answer to it");
  });
});

describe("a signal while the node reads its config", () => {
  /** Once its other end can be written to, the node has opened it. */
  async function pipeOf(folder: TempFolder): Promise<string> {
    const pipe = folder.at("pipe.ini");
    await Bun.spawn(["mkfifo", pipe]).exited;
    return pipe;
  }

  test("SIGTERM ends it with 0", async () => {
    await using folder = await TempFolder.create(files());
    const pipe = await pipeOf(folder);
    await using node = Program.start([NODE, "--config", pipe], { cwd: folder.path });
    await using _writer = await open(pipe, "w");
    expect(await node.stop()).toBe(0);
    expect({ stdout: node.stdout, stderr: node.stderr }).toEqual({ stdout: "", stderr: "" });
  });

  test("SIGHUP is kept until it listens, and then applies what the config says", async () => {
    await using folder = await TempFolder.create(files());
    const pipe = await pipeOf(folder);
    const args = [NODE, "--config", pipe, "--port", "0", "--admin-port", "0"];
    await using node = Program.start(args, { cwd: folder.path });
    const config = await readFile(folder.at("node.ini"), "utf8");
    await using writer = await open(pipe, "w");
    node.kill("SIGHUP");
    await writer.write(config.replace("load = talk.ts", ""));
    await writer.close();
    await node.printed(/"listening"/);
    await using second = await open(pipe, "w");
    await second.write(config);
    await second.close();
    await node.printed(/"plugin loaded","plugin":"talk"/);
    await node.printed(/"config applied"/);
    expect(await node.stop()).toBe(0);
  });
});

describe("a plugin that is broken", () => {
  test("does not keep the node from starting, and stands in its status", async () => {
    await using folder = await TempFolder.create({
      ...files("", "broken.ts, absent.ts, throws.ts, talk.ts"),
      "broken.ts": "export default ;\n",
      "throws.ts": `export default { name: "throws", setup() { throw new Error("no map"); } };`,
    });
    await using node = await NodeProcess.ready(folder);
    expect(await ask(node)).toBe("answer to it");
    expect((await node.get("/api/status")).body).toMatchObject({
      node: { state: "ready" },
      plugins: [
        { name: "bus", module: "built-in", state: "loaded" },
        { name: "broken.ts", state: "failed", error: expect.stringContaining("line 1:") },
        { name: "absent.ts", state: "failed", error: expect.stringContaining("no module") },
        { name: "throws", state: "failed", error: "no map" },
        { name: "talk", state: "loaded" },
      ],
    });
    expect(node.log.filter(({ message }) => message === "plugin did not load")).toHaveLength(3);
  });

  test.each(["throw", "reject"])(
    "by a %s that nothing catches is logged and counted",
    async (how) => {
      await using folder = await TempFolder.create(files());
      await using node = await NodeProcess.ready(folder);
      expect(await ask(node, how)).toBe(`answer to ${how}`);
      const line = await node.logged("an error was not caught, probably a plugin's");
      expect(line.level).toBe("error");
      expect(line["at"]).toMatch(new RegExp(`^${folder.at("talk.ts")}:\\d+:\\d+$`));
      expect((await node.get("/api/status")).body).toMatchObject({
        process: { uncaughtErrors: 1 },
      });
      expect(await ask(node)).toBe("answer to it");
      expect(await node.stop()).toBe(0);
    },
  );

  test("by errors that nothing catches while it sets itself up costs the node nothing", async () => {
    const stray = `export default { name: "stray", async setup() {
      void Promise.reject(new Error("first"));
      await new Promise((resolve) => setTimeout(() => { resolve(); throw new Error("second"); }));
    } };`;
    await using folder = await TempFolder.create({
      ...files("", "stray.ts, talk.ts"),
      "stray.ts": stray,
    });
    await using node = await NodeProcess.ready(folder);
    expect(await ask(node)).toBe("answer to it");
    expect((await node.get("/api/status")).body).toMatchObject({ process: { uncaughtErrors: 2 } });
    expect(node.stderr).toBe("");
  });
});

describe("a node that is told to stop", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "by %s answers what is in flight, lets the plugins say goodbye, and exits with 0",
    async (signal) => {
      await using folder = await TempFolder.create(files());
      await using node = await NodeProcess.ready(folder);
      await using client = await connect(node);
      const reply = client.request("late");
      await node.logged("was asked");
      node.kill(signal);
      await node.logged("stopping");
      await folder.write("release", "");
      expect((await reply).toString()).toBe("answer to late");
      expect(await client.over).toBeUndefined();
      expect((await node.finished()).exitCode).toBe(0);
      expect(node.log.slice(-4).map(({ message }) => message)).toEqual([
        "stopping",
        "said goodbye",
        "plugin unloaded",
        "stopped",
      ]);
    },
  );

  test("takes nobody in any more, and says that it is not ready", async () => {
    await using folder = await TempFolder.create(files());
    await using node = await NodeProcess.ready(folder);
    await using client = await connect(node);
    const reply = client.request("late");
    await node.logged("was asked");
    node.kill("SIGTERM");
    await node.logged("stopping");
    expect(await node.get("/readyz")).toEqual({ status: 503, body: "draining\n" });
    expect(connect(node)).rejects.toMatchObject({ code: "connection_refused" });
    await folder.write("release", "");
    expect((await reply).toString()).toBe("answer to late");
  });

  test.each([
    ["SIGTERM", "SIGTERM"],
    ["SIGINT", "SIGTERM"],
    ["SIGINT", "SIGINT"],
  ] as const)("by %s and then %s does not wait for anybody", async (first, second) => {
    await using folder = await TempFolder.create(files());
    await using node = await NodeProcess.ready(folder);
    await using client = await connect(node);
    const failure = client.request("never").catch((error: unknown) => error);
    await node.logged("was asked");
    node.kill(first);
    await node.logged("stopping");
    node.kill(second);
    expect((await node.finished()).exitCode).toBe(1);
    expect(await failure).toMatchObject({ code: "connection_aborted" });
    expect(node.log.at(-1)?.message).toBe("stopping");
  });

  test("while a plugin takes long to load does so, too", async () => {
    const slow = `export default { name: "slow", async setup(node) {
      node.log.info("setting up");
      await Bun.sleep(200);
    } };`;
    await using folder = await TempFolder.create({
      ...files("", "slow.ts, talk.ts"),
      "slow.ts": slow,
    });
    await using node = await NodeProcess.listening(folder);
    await node.logged("setting up");
    expect(await node.stop()).toBe(0);
    const messages = node.log.map(({ message }) => message);
    expect(messages.filter((message) => message === "plugin loaded")).toHaveLength(1);
    expect(messages.at(-1)).toBe("stopped");
  });
});
