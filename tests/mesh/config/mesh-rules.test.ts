import { describe, expect, test } from "bun:test";
import type { NodeConfig } from "../../../mesh/config/config.ts";
import { accepted, message } from "./reading.ts";

const SECRET = "p8Kd2-vq7Lx0Zr5mWn3T";
const ON = `[mesh]\nsecret = ${SECRET}\n`;

type Mesh = NonNullable<NodeConfig["mesh"]>;

async function meshOf(text: string, options?: Parameters<typeof accepted>[1]): Promise<Mesh> {
  const { mesh } = await accepted(text, options);
  if (mesh === undefined) throw new Error("there is no mesh");
  return mesh;
}

describe("whether there is a mesh", () => {
  test("none where nothing is written of it, though the section stands there", async () => {
    expect((await accepted("")).mesh).toBeUndefined();
    expect((await accepted("[mesh]\n; peers = 10.0.0.1\n")).mesh).toBeUndefined();
    expect((await accepted("", { environment: { CCP_MESH_SECRET: " \n" } })).mesh).toBeUndefined();
  });

  test("one with a secret alone, all else by default", async () => {
    expect(await meshOf(ON)).toEqual({
      cluster: "main",
      secrets: [SECRET],
      peers: [],
      advertise: { host: "", port: 0 },
      tls: undefined,
    });
  });

  test("one without a game, which knows the mutes and is on no channel", async () => {
    const plugins = async (text: string): Promise<unknown[]> => {
      const { builtIn, settings } = (await accepted(text)).plugins;
      return [builtIn, { ...settings.get("chat") }];
    };
    expect(await plugins(ON)).toEqual([["bus", "chat"], { channels: "" }]);
    expect(await plugins(`${ON}[chat]\nhistory = 10`)).toEqual([
      ["bus", "chat"],
      { history: "10" },
    ]);
    expect(await plugins(`${ON}[game]\nadapter = openttd\npassword = x`)).toEqual([
      ["bus", "game", "chat"],
      {},
    ]);
  });

  test("one where only the environment has a secret", async () => {
    const environment = { CCP_MESH_SECRET: SECRET };
    expect(await meshOf("", { environment })).toMatchObject({ secrets: [SECRET], peers: [] });
  });

  test.each(["cluster = main", "peers = 10.0.0.1", "advertise = none", "secret =", "tls_ca ="])(
    "%j asks for one, and so for a secret",
    async (line) => {
      expect(await message(`[mesh]\n${line}\n`)).toBe(
        "config/node.ini:2: [mesh] secret is missing, and so are secret_file and CCP_MESH_SECRET; " +
          "every node of a cluster needs the same secret; make one with: openssl rand -hex 32",
      );
    },
  );

  test("--peer asks for one, too", async () => {
    expect(await message("", { overrides: { peers: ["10.0.0.1"] } })).toBe(
      "[mesh] secret is missing, and so are secret_file and CCP_MESH_SECRET; " +
        "every node of a cluster needs the same secret; " +
        "make one with: openssl rand -hex 32",
    );
  });
});

describe("what is accepted", () => {
  test("every key reaches its place", async () => {
    const mesh = await meshOf(`
      [mesh]
      cluster = eu-1
      secret = ${SECRET}
      peers = 10.0.0.1, surf-2.example:28081, [2001:db8::1]:5, 2001:db8::2
      advertise = surf-1.example:28082
      tls_cert = tls/cert.pem
      tls_key = tls/key.pem
      tls_ca = tls/ca.pem
    `);
    expect(mesh).toEqual({
      cluster: "eu-1",
      secrets: [SECRET],
      peers: [
        { host: "10.0.0.1", port: 28_080 },
        { host: "surf-2.example", port: 28_081 },
        { host: "2001:db8::1", port: 5 },
        { host: "2001:db8::2", port: 28_080 },
      ],
      advertise: { host: "surf-1.example", port: 28_082 },
      tls: { certPath: "tls/cert.pem", keyPath: "tls/key.pem", caPath: "tls/ca.pem" },
    });
  });

  test("a peer that is written twice is dialled once", async () => {
    const { peers } = await meshOf(`${ON}peers = Surf-2.example, surf-2.example:28080, 10.0.0.1\n`);
    expect(peers.map(({ host }) => host)).toEqual(["surf-2.example", "10.0.0.1"]);
  });

  test("--peer takes the place of what the file says", async () => {
    const overrides = { peers: ["10.0.0.2", "10.0.0.3:5"] };
    expect((await meshOf(`${ON}peers = 10.0.0.1\n`, { overrides })).peers).toEqual([
      { host: "10.0.0.2", port: 28_080 },
      { host: "10.0.0.3", port: 5 },
    ]);
  });

  test("64 peers", async () => {
    const peers = Array.from({ length: 64 }, (_, at) => `10.0.0.${at}`).join(",");
    expect((await meshOf(`${ON}peers = ${peers}\n`)).peers).toHaveLength(64);
  });
});

describe("where others are told to dial", () => {
  test.each([
    ["", "", { host: "", port: 0 }],
    ["0.0.0.0", "", { host: "", port: 0 }],
    ["::", "", { host: "", port: 0 }],
    ["surf.example", "", { host: "", port: 0 }],
    ["10.0.0.7", "", { host: "10.0.0.7", port: 0 }],
    ["2001:db8::7", "", { host: "2001:db8::7", port: 0 }],
    ["10.0.0.7", "203.0.113.1", { host: "203.0.113.1", port: 0 }],
    ["", "203.0.113.1:29000", { host: "203.0.113.1", port: 29_000 }],
    ["", "[2001:db8::7]", { host: "2001:db8::7", port: 0 }],
    ["10.0.0.7", "none", undefined],
    ["10.0.0.7", "None", undefined],
  ])("listening on %j with advertise = %j", async (host, advertise, expected) => {
    const mesh = await meshOf(`[server]\nhost = ${host}\n${ON}advertise = ${advertise}\n`);
    expect(mesh.advertise).toEqual(expected);
  });

  test.each(["0.0.0.0", "0.0.0.0:28080", "::", "[::]:28080", "0:0:0:0:0:0:0:0", "::ffff:0.0.0.0"])(
    "advertise = %s is refused, for it means all interfaces",
    async (advertise) => {
      expect(await message(`${ON}advertise = ${advertise}\n`)).toBe(
        "config/node.ini:3: [mesh] advertise must be an address at which other nodes reach this one, " +
          "not one that means all interfaces; leave it out to advertise the address that they see",
      );
    },
  );
});

describe("mistakes", () => {
  const HOW =
    "write a host name or an IP address with its port, such as example.com:28080, 10.0.0.1:28080 " +
    "or [::1]:28080";

  test("each mistaken peer is named", async () => {
    expect(await message(`${ON}peers = 10.0.0.256, surf-1, surf-2:0\n`)).toBe(
      `config/node.ini:3: [mesh] peers is mistaken: "10.0.0.256" is not an address; ${HOW}\n` +
        'config/node.ini:3: [mesh] peers is mistaken: the port of "surf-2:0" must be a whole ' +
        "number from 1 to 65535",
    );
  });

  test("and that of --peer, by that name", async () => {
    expect(await message(ON, { overrides: { peers: ["a b"] } })).toBe(
      `--peer is mistaken: "a b" is not an address; ${HOW}`,
    );
  });

  test.each([
    ["cluster =", 'cluster must be 1 to 64 letters, digits, dots, dashes or underscores, not ""'],
    [
      "cluster = my mesh",
      'cluster must be 1 to 64 letters, digits, dots, dashes or underscores, not "my mesh"',
    ],
    [
      `peers = ${"10.0.0.1,".repeat(65)}`,
      "peers names 65 nodes, more than 64; a few are enough, which tell of the others",
    ],
    ["advertise = a b", `advertise is mistaken: "a b" is not an address; ${HOW}`],
    ["advertise[] = none", "advertise takes one value; write it without []"],
    ["tls_cert = c.pem", "tls_cert needs tls_key and tls_ca as well"],
    ["tls_ca = ca.pem", "tls_ca needs tls_cert and tls_key as well"],
    ["tls_key[] = k.pem", "tls_key takes one value; write it without []"],
  ])("%s", async (line, problem) => {
    const text = await message(`${ON}${line}\n`);
    expect(text.split("\n")).toContain(`config/node.ini:3: [mesh] ${problem}`);
  });

  test("two of the three TLS files", async () => {
    expect(await message(`${ON}tls_key = k.pem\ntls_ca = ca.pem\n`)).toBe(
      "config/node.ini:3: [mesh] tls_key needs tls_cert as well",
    );
  });

  test("a mesh on a port that speaks TLS only", async () => {
    const server = "[server]\ntls_cert = c.pem\ntls_key = k.pem\n";
    const problem =
      "cannot be set where there is a mesh: links encrypt themselves, but begin on the plain port; " +
      "remove tls_cert and tls_key, or the mesh";
    expect(await message(`${server}${ON}`)).toBe(`config/node.ini:2: [server] tls_cert ${problem}`);
    expect(await message(server, { environment: { CCP_MESH_SECRET: SECRET } })).toBe(
      `config/node.ini:2: [server] tls_cert ${problem}`,
    );
    expect((await accepted(server)).mesh).toBeUndefined();
  });

  test("a mistyped key", async () => {
    expect(await message(`${ON}peer = 10.0.0.1\n`)).toBe(
      'config/node.ini:3: unknown key "peer" in [mesh]; did you mean "peers"?',
    );
  });
});
