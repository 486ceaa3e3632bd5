import { afterEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeConfig } from "../../../mesh/config/config.ts";
import { ConfigError } from "../../../mesh/config/config-error.ts";
import { readConfig } from "../../../mesh/config/read-config.ts";
import { DEFAULT_MESH_LIMITS } from "../../../mesh/mesh-limits.ts";
import { DEFAULT_ENDPOINT_LIMITS, limitRange } from "../../../src/index.ts";
import { accepted, message, refused } from "./reading.ts";

const DEFAULTS: NodeConfig = {
  server: { host: "", port: 28080, whitelist: ["127.0.0.1", "localhost"], tls: undefined },
  node: { name: "machine-7", data: "data" },
  mesh: undefined,
  admin: { host: "127.0.0.1", port: 28090, token: undefined },
  plugins: { load: [], builtIn: ["bus"], settings: new Map() },
  limits: DEFAULT_ENDPOINT_LIMITS,
  meshLimits: DEFAULT_MESH_LIMITS,
  log: { level: "info", format: "auto" },
};

describe("what is accepted", () => {
  test("an empty file means the defaults", async () => {
    expect(await accepted("")).toEqual(DEFAULTS);
  });

  test("the original's config works as it is", async () => {
    const path = join(import.meta.dir, "../../../config/sp-ccp.ini");
    expect(await readConfig({ path, hostName: "machine-7" })).toEqual(DEFAULTS);
  });

  test("every key reaches its place", async () => {
    const config = await accepted(`
      [server]
      host = 10.0.0.1
      port = 1
      whitelist = 10.0.0.0/8, panel.example ,
      tls_cert = tls/cert.pem
      tls_key = tls/key.pem
      [mesh]
      [node]
      name = surf.eu-1
      data = /var/lib/ccp
      [admin]
      host = 0.0.0.0
      port = 0
      token = "sixteen#letters!"
      [plugins]
      load = ./chat.ts, @ccp/games
      bus = off
      [plugin:./chat.ts]
      channel = "#general"
      empty =
      [limits]
      connections_per_address_max = 2
      idle_timeout_ms = 0
      mesh_nodes_max = 3
      [log]
      level = debug
      format = json
    `);
    expect(config).toEqual({
      server: {
        host: "10.0.0.1",
        port: 1,
        whitelist: ["10.0.0.0/8", "panel.example"],
        tls: { certPath: "tls/cert.pem", keyPath: "tls/key.pem" },
      },
      node: { name: "surf.eu-1", data: "/var/lib/ccp" },
      mesh: undefined,
      admin: { host: "0.0.0.0", port: 0, token: "sixteen#letters!" },
      plugins: {
        load: ["./chat.ts", "@ccp/games"],
        builtIn: [],
        settings: new Map([["./chat.ts", { channel: "#general", empty: "" }]]),
      },
      limits: { ...DEFAULT_ENDPOINT_LIMITS, connectionsPerAddressMax: 2, idleTimeoutMs: 0 },
      meshLimits: { ...DEFAULT_MESH_LIMITS, meshNodesMax: 3 },
      log: { level: "debug", format: "json" },
    });
  });

  test("plugins and whitelist may stand one a line", async () => {
    const config = await accepted(
      "[plugins]\nload[] = ./a,b.ts\nload[] = c\n[server]\nwhitelist[]=::1\nwhitelist[]=10.0.0.0/8",
    );
    expect(config.plugins.load).toEqual(["./a,b.ts", "c"]);
    expect(config.server.whitelist).toEqual(["::1", "10.0.0.0/8"]);
  });

  test("an empty whitelist lets nobody in, rather than those of the default", async () => {
    expect((await accepted("[server]\nwhitelist=\n")).server.whitelist).toEqual([]);
  });

  test("empty optional values are as good as none", async () => {
    const text = "[server]\ntls_cert=\ntls_key=\n[admin]\ntoken=\n[node]\nname=\n";
    expect(await accepted(text)).toEqual(DEFAULTS);
  });

  test("a setting that a plugin asks for and nobody wrote is not found in a prototype", async () => {
    const { plugins } = await accepted("[plugin:a]\n__proto__=x\n");
    expect(plugins.settings.get("a")?.["__proto__"]).toBe("x");
    expect(plugins.settings.get("a")?.["constructor"]).toBeUndefined();
  });

  test("overrides win over the file", async () => {
    const text = "[server]\nport=1\n[admin]\nport=2\n[node]\nname=a\ndata=b\n";
    const overrides = { name: "c", port: "3", adminPort: "4", data: "d" };
    const config = await accepted(text, { overrides });
    expect(config.server.port).toBe(3);
    expect(config.admin.port).toBe(4);
    expect(config.node).toEqual({ name: "c", data: "d" });
  });
});

describe("unknown names", () => {
  test("an unknown key names its line and the nearest key", async () => {
    expect(await message("[server]\nhost=\nprot = 28080\n")).toBe(
      'config/node.ini:3: unknown key "prot" in [server]; did you mean "port"?',
    );
  });

  test("an unknown key that resembles none names those there are", async () => {
    expect(await message("[admin]\npassphrase = x\n")).toBe(
      'config/node.ini:2: unknown key "passphrase" in [admin]; its keys are host, port, token',
    );
  });

  test("an unknown section names its line and the nearest section", async () => {
    expect(await message("\n[sever]\nport=1\n")).toBe(
      "config/node.ini:2: unknown section [sever]; did you mean [server]?",
    );
    expect(await message("[plugn:chat]\n")).toBe(
      "config/node.ini:1: unknown section [plugn:chat]; did you mean [plugin:chat]?",
    );
    expect(await message("[plugin: chat]\n")).toBe(
      "config/node.ini:1: unknown section [plugin: chat]; did you mean [plugin:chat]?",
    );
  });

  test.each(["database", "plugin:", "__proto__", "constructor"])(
    "an unknown section [%s] that resembles none names those there are",
    async (section) => {
      expect(await message(`[${section}]\nx=1\n`)).toBe(
        `config/node.ini:1: unknown section [${section}]; the sections are [server], [node], ` +
          "[mesh], [admin], [plugins], [limits], [log], [game], [chat], [collector:NAME], [plugin:NAME]",
      );
    },
  );

  test("names are shown escaped and shortened", async () => {
    expect(await message(`[log]\n\x1b[2J${"x".repeat(100)} = 1\n`)).toBe(
      `config/node.ini:2: unknown key "\\u001b[2J${"x".repeat(60)}… (40 more)" in [log]; ` +
        "its keys are level, format",
    );
  });
});

describe("values", () => {
  test.each([
    ["server", "port", "99999", 'must be a whole number from 0 to 65535, not "99999"'],
    ["server", "port", "", 'must be a whole number from 0 to 65535, not ""'],
    ["server", "port", "-1", 'must be a whole number from 0 to 65535, not "-1"'],
    ["server", "port", "1e3", 'must be a whole number from 0 to 65535, not "1e3"'],
    ["admin", "port", "x", 'must be a whole number from 0 to 65535, not "x"'],
    [
      "server",
      "host",
      "10.0.0.256",
      'must be an IP address, a host name, or empty for all interfaces, not "10.0.0.256"',
    ],
    [
      "node",
      "name",
      "my server",
      'must be 1 to 64 letters, digits, dots, dashes or underscores, not "my server"',
    ],
    ["node", "data", "", 'must be a path, not ""'],
    ["admin", "token", "fifteen-letters", "must have at least 16 characters"],
    ["log", "level", "verbose", 'must be one of debug, info, warn, error, not "verbose"'],
    ["log", "format", "xml", 'must be one of auto, text, json, not "xml"'],
    ["plugins", "bus", "yes", 'must be one of on, off, not "yes"'],
    ["limits", "start_bytes_max", "15", 'must be a whole number from 256 to 16777215, not "15"'],
    [
      "limits",
      "connections_max",
      "0",
      'must be a whole number from 1 to 9007199254740991, not "0"',
    ],
    ["server", "port[]", "1", "takes one value; write it without []"],
    ["admin", "token[]", "x", "takes one value; write it without []"],
    ["log", "level[]", "info", "takes one value; write it without []"],
  ])("[%s] %s = %j is refused", async (section, key, value, problem) => {
    const name = key.replace("[]", "");
    expect(await message(`[${section}]\n${key} = ${value}\n`)).toBe(
      `config/node.ini:2: [${section}] ${name} ${problem}`,
    );
  });

  test("every limit has a key, and its range is the one of the limit", async () => {
    for (const name of Object.keys(DEFAULT_ENDPOINT_LIMITS)) {
      const key = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const { min, max } = limitRange(name);
      const { limits } = await accepted(`[limits]\n${key} = ${max}\n`);
      expect(limits).toEqual({ ...DEFAULT_ENDPOINT_LIMITS, [name]: max });
      expect(await message(`[limits]\n${key} = ${max + 1}\n`)).toBe(
        `config/node.ini:2: [limits] ${key} must be a whole number from ${min} to ${max}, not "${max + 1}"`,
      );
    }
  });

  test("the section of a plugin that comes with the node has its own name", async () => {
    expect(await message("[plugin:chat]\nchannels = a\n[plugin:bus]\na = b\n")).toBe(
      "config/node.ini:1: [plugin:chat] is written [chat], because that plugin comes with the node\n" +
        "config/node.ini:3: [plugin:bus] has no keys; bus = off in [plugins] switches that plugin off",
    );
  });

  test("each mistaken entry of the whitelist is named", async () => {
    const text = "[server]\nwhitelist = 10.0.0.0/99, localhost, 300.1.2.3\n";
    const accepted = "is neither an address, a range such as 10.0.0.0/8, nor a host name";
    expect(await message(text)).toBe(
      `config/node.ini:2: [server] whitelist is mistaken: "10.0.0.0/99" ${accepted}\n` +
        `config/node.ini:2: [server] whitelist is mistaken: "300.1.2.3" ${accepted}`,
    );
  });

  test("this machine's name is judged where it stands in for the node's", async () => {
    expect(await message("", { hostName: "Bob's PC" })).toBe(
      "this machine's name, which stands in for [node] name, must be 1 to 64 letters, digits, " +
        'dots, dashes or underscores, not "Bob\'s PC"',
    );
  });
});

describe("values that contradict each other", () => {
  test("a certificate without its key, and a key without its certificate", async () => {
    expect(await message("[server]\ntls_cert = c.pem\n")).toBe(
      "config/node.ini:2: [server] tls_cert needs tls_key as well",
    );
    expect(await message("[server]\ntls_cert =\ntls_key = k.pem\n")).toBe(
      "config/node.ini:3: [server] tls_key needs tls_cert as well",
    );
  });

  test.each(["", "0.0.0.0", "192.168.0.7", "panel.example"])(
    "an admin address %j that others reach needs a token",
    async (host) => {
      expect(await message(`[admin]\nhost = ${host}\n`)).toBe(
        "config/node.ini:2: [admin] host lets other machines in, so token must be set, with at least 16 characters",
      );
      await accepted(`[admin]\nhost = ${host}\ntoken = 0123456789abcdef\n`);
    },
  );

  test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])(
    "an admin address %j that only this machine reaches needs none",
    async (host) => {
      expect((await accepted(`[admin]\nhost = ${host}\n`)).admin.host).toBe(host);
    },
  );

  test("one port for both listeners, blamed on the line that set it", async () => {
    const problem = "cannot be 28090 for both [server] and [admin]; change one of the two";
    expect(await message("[server]\nport = 28090\n[admin]\nport = 28090\n")).toBe(
      `config/node.ini:4: [admin] port ${problem}`,
    );
    expect(await message("[server]\nport = 28090\n")).toBe(
      `config/node.ini:2: [server] port ${problem}`,
    );
    expect(await message("", { overrides: { port: "28090" } })).toBe(`--port ${problem}`);
  });

  test("one port on addresses that do not meet is fine, and so are two free ones", async () => {
    await accepted("[server]\nhost = 10.0.0.1\nport = 28090\n");
    await accepted("[server]\nport = 0\n[admin]\nport = 0\n");
  });
});

describe("what comes back", () => {
  test("every mistake at once, in the order of the file, after those of the command line", async () => {
    const text = [
      "[server]",
      "prot = 1",
      "port = 70000",
      "rubbish",
      "[sever]",
      "[admin]",
      "host = 0.0.0.0",
      "[log]",
      "level = loud",
      "level = info",
      "format = abc#def",
    ].join("\n");
    const error = await refused(text, { overrides: { adminPort: "99999" } });
    expect(error.message.split("\n")).toEqual([
      '--admin-port must be a whole number from 0 to 65535, not "99999"',
      'config/node.ini:2: unknown key "prot" in [server]; did you mean "port"?',
      'config/node.ini:3: [server] port must be a whole number from 0 to 65535, not "70000"',
      "config/node.ini:4: this is neither a [section], nor a key = value, nor a comment",
      "config/node.ini:5: unknown section [sever]; did you mean [server]?",
      "config/node.ini:7: [admin] host lets other machines in, so token must be set, with at least 16 characters",
      'config/node.ini:9: [log] level must be one of debug, info, warn, error, not "loud"',
      'config/node.ini:10: "level" is already set in line 9; keep one of the two',
      'config/node.ini:11: the value of "format" would be cut off at its #, which starts a comment; put it in double quotes',
    ]);
    expect(error.code).toBe("invalid");
    expect(error.mistakes.map(({ line }) => line)).toEqual([undefined, 2, 3, 4, 5, 7, 9, 10, 11]);
  });

  test("--port 99999 is refused by the rule of the file", async () => {
    expect(await message("[server]\nport=1\n", { overrides: { port: "99999" } })).toBe(
      '--port must be a whole number from 0 to 65535, not "99999"',
    );
    expect(await message("", { overrides: { name: "a b" } })).toBe(
      '--name must be 1 to 64 letters, digits, dots, dashes or underscores, not "a b"',
    );
  });

  test.each([
    "token = hunter2",
    "token = hunter2-hunter2-hunter2#x",
    'token = "hunter2-hunter2-hunter2',
    "token = a\ntoken = hunter2-hunter2-hunter2",
    "tokn = hunter2-hunter2-hunter2",
    "token =\nhunter2-hunter2-hunter2",
    "token[] = hunter2-hunter2-hunter2",
  ])("the secret in %j stands in no mistake", async (line) => {
    const error = await refused(`[admin]\n${line}\n`);
    expect(error.message).not.toContain("hunter2");
    expect(JSON.stringify(error.mistakes)).not.toContain("hunter2");
  });

  test("a file with more mistakes than a terminal shows is summed up", async () => {
    const error = await refused("rubbish\n".repeat(60));
    expect(error.message.split("\n")).toHaveLength(51);
    expect(error.message).toEndWith("\n10 more mistakes are not shown");
    expect(error.mistakes).toHaveLength(60);
  });
});

describe("files", () => {
  const folders: string[] = [];

  afterEach(async () => {
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
  });

  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), "ccp-config-"));
    folders.push(path);
    return path;
  }

  async function failure(path: string): Promise<ConfigError> {
    const error = await readConfig({ path });
    if (!(error instanceof ConfigError)) {
      throw new Error("the config was accepted");
    }
    return error;
  }

  test("a config file is read", async () => {
    const path = join(await folder(), "node.ini");
    await writeFile(path, "\ufeff[node]\r\nname = Grün\r\n");
    expect((await failure(path)).message).toBe(
      `${path}:2: [node] name must be 1 to 64 letters, digits, dots, dashes or underscores, not "Grün"`,
    );
    await writeFile(path, "\ufeff[node]\r\nname = surf\r\n");
    expect(await readConfig({ path })).toMatchObject({ node: { name: "surf" } });
  });

  test("a missing one says what to do, and the options are judged all the same", async () => {
    const error = await readConfig({
      path: "config/missing.ini",
      hostName: "machine-7",
      overrides: { port: "x" },
    });
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      code: "not_found",
      message:
        "config/missing.ini does not exist. Copy config/node.ini from the project, or name another file with --config FILE.\n" +
        '--port must be a whole number from 0 to 65535, not "x"',
    });
  });

  test("a folder is no file", async () => {
    const path = join(await folder(), "node.ini");
    await mkdir(path);
    const error = await failure(path);
    expect(error.code).toBe("unreadable");
    expect(error.message).toBe(`${path} is a folder; name another file with --config FILE.`);
  });

  // The superuser may read everything.
  test.skipIf(process.getuid?.() === 0)("a file that may not be read", async () => {
    const path = join(await folder(), "node.ini");
    await writeFile(path, "");
    await chmod(path, 0o000);
    const error = await failure(path);
    expect(error.code).toBe("unreadable");
    expect(error.message).toBe(
      `${path} may not be read by the user that runs the node; change its permissions.`,
    );
  });

  test("text in another encoding", async () => {
    const path = join(await folder(), "node.ini");
    await writeFile(path, Buffer.from("\ufeff[server]\n", "utf16le"));
    const error = await failure(path);
    expect(error.code).toBe("not_text");
    expect(error.message).toBe(`${path} is not UTF-8 text; save it as UTF-8.`);
  });

  test("a file without end is not read to its end", async () => {
    const error = await failure("/dev/zero");
    expect(error.code).toBe("too_large");
    expect(error.message).toBe(
      "/dev/zero is larger than 1 MiB, so it is probably no config; name another file with --config FILE.",
    );
  });

  test("1 MiB is read, a byte more is not", async () => {
    const path = join(await folder(), "node.ini");
    const comment = `;${"x".repeat(1024 * 1024 - 1)}`;
    await writeFile(path, comment);
    expect(await readConfig({ path, hostName: "machine-7" })).toEqual(DEFAULTS);
    await writeFile(path, `${comment}x`);
    expect((await failure(path)).code).toBe("too_large");
  });
});

test("a plugin that is named twice is a mistake of that line", async () => {
  expect(await message("[plugins]\nload = a.ts, b.ts, a.ts, a.ts\n")).toBe(
    'config/node.ini:2: [plugins] load names "a.ts" more than once; keep one',
  );
});

describe("one mistake is told once", () => {
  test("where a value that must be there cannot be read", async () => {
    const cut = (line: number, key: string): string =>
      `config/node.ini:${line}: the value of "${key}" would be cut off at its ;, which starts a comment; put it in double quotes`;
    expect(
      await message("[game]\nadapter = source\npassword = a;b\nchat[] = 'x'\nchat[] = c;d\n"),
    ).toBe(
      [
        cut(3, "password"),
        `config/node.ini:4: [game] chat cannot use the pattern "x": it needs a group (?<player>...); a pattern with ; or # in it stands in single quotes`,
        cut(5, "chat"),
      ].join("\n"),
    );
    expect(await message("[mesh]\npeers = host:6000\nsecret = a;b\n")).toBe(cut(3, "secret"));
  });

  test("at the line of the item that is wrong", async () => {
    const good = "'^(?<player>.) (?<text>.)'";
    const game = ["[game]", "adapter = source", "password = secret"];
    const text = [...game, `chat[] = ${good}`, "; more", "chat[] = 'x'"].join("\n");
    expect(await message(text)).toStartWith("config/node.ini:6: [game] chat cannot use");
    const filters = `${game.join("\n")}\n[chat]\ndrop[] = 'fine'\ndrop[] = '('\n`;
    expect(await message(filters)).toStartWith("config/node.ini:6: [chat] drop ");
  });
});
