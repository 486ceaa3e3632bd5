import { describe, expect, test } from "bun:test";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { accepted, message, refused } from "./reading.ts";

const SECRET = "p8Kd2-vq7Lx0Zr5mWn3T";
const OTHER = "Jw4e,9Ys#6Bt;1Hc8Gf0";
const WEAK = "hunter2-hunter2-hunter2";

async function secretsOf(
  text: string,
  environment: Record<string, string> = {},
): Promise<readonly string[] | undefined> {
  return (await accepted(text, { environment })).mesh?.secrets;
}

/** The secrets of a file that says this. */
async function fileSecrets(said: string): Promise<readonly string[] | undefined> {
  await using folder = await TempFolder.create({ secrets: said });
  return await secretsOf(`[mesh]\nsecret_file = ${folder.at("secrets")}\n`);
}

async function fileMistake(path: string): Promise<string> {
  return message(`[mesh]\nsecret_file = ${path}\n`);
}

describe("where a secret may be written", () => {
  test("in the config, commas and all", async () => {
    expect(await secretsOf(`[mesh]\nsecret = "${OTHER}"\n`)).toEqual([OTHER]);
  });

  test("several in the config, the one to stay first", async () => {
    expect(await secretsOf(`[mesh]\nsecret[] = ${SECRET}\nsecret[] = "${OTHER}"\n`)).toEqual([
      SECRET,
      OTHER,
    ]);
  });

  test("in a file, one a line, with comments", async () => {
    const said = `\ufeff# new\r\n${SECRET}\r\n\r\n# old, until Monday\n${OTHER}\n`;
    expect(await fileSecrets(said)).toEqual([SECRET, OTHER]);
    expect(await fileSecrets(SECRET)).toEqual([SECRET]);
  });

  test("in the environment, one a line, where the config has none", async () => {
    const environment = { CCP_MESH_SECRET: `${SECRET}\n${OTHER}\n` };
    expect(await secretsOf("[mesh]\npeers = 10.0.0.1\n", environment)).toEqual([SECRET, OTHER]);
    expect(await secretsOf("[mesh]\nsecret =\n", environment)).toEqual([SECRET, OTHER]);
    expect(await secretsOf(`[mesh]\nsecret = "${OTHER}"\n`, environment)).toEqual([OTHER]);
    await using folder = await TempFolder.create({ secrets: OTHER });
    const text = `[mesh]\nsecret_file = ${folder.at("secrets")}\n`;
    expect(await secretsOf(text, environment)).toEqual([OTHER]);
  });

  test("not in the config and a file at once", async () => {
    expect(await message(`[mesh]\nsecret = ${SECRET}\nsecret_file = secrets\n`)).toBe(
      "config/node.ini:3: [mesh] secret_file cannot stand beside secret; keep one of the two",
    );
  });
});

describe("a secret that cannot serve", () => {
  const SHORT = "must have at least 16 characters; make one with: openssl rand -hex 32";
  const USUAL =
    "is an example, or of usual words, repetitions or sequences, so that others can guess it; " +
    "make one with: openssl rand -hex 32";

  test("in the config", async () => {
    expect(await message("[mesh]\nsecret = short\n")).toBe(
      `config/node.ini:2: [mesh] secret ${SHORT}`,
    );
    expect(await message("[mesh]\npeers = a\nsecret = change-me-please-change-me\n")).toBe(
      `config/node.ini:3: [mesh] secret ${USUAL}`,
    );
    expect(await message(`[mesh]\nsecret[] = ${SECRET}\nsecret[] = short\n`)).toBe(
      `config/node.ini:2: [mesh] secret (number 2) ${SHORT}`,
    );
  });

  test("in the environment", async () => {
    const environment = { CCP_MESH_SECRET: "short" };
    expect(await message("", { environment })).toBe(`CCP_MESH_SECRET ${SHORT}`);
  });

  test("in a file", async () => {
    await using folder = await TempFolder.create({
      weak: `${SECRET}\nshort\n`,
      alone: "short\n",
      twice: `${SECRET}\n${SECRET}\n`,
      empty: "# to do\n\n",
    });
    const start = "config/node.ini:2: [mesh] secret_file";
    expect(await fileMistake(folder.at("weak"))).toBe(`${start} (number 2) ${SHORT}`);
    expect(await fileMistake(folder.at("alone"))).toBe(
      `${start} names a file whose secret ${SHORT}`,
    );
    expect(await fileMistake(folder.at("twice"))).toBe(
      `${start} has the same secret twice; remove one`,
    );
    expect(await fileMistake(folder.at("empty"))).toBe(
      `${start} names a file without a secret; write one with: openssl rand -hex 32`,
    );
  });

  test("is told together with every other mistake", async () => {
    expect(await message("[mesh]\nsecret = short\npeers = :1\nport = 1\n")).toStartWith(
      `config/node.ini:2: [mesh] secret ${SHORT}\nconfig/node.ini:3: [mesh] peers is mistaken: `,
    );
  });
});

describe("a secret file that cannot be read", () => {
  const start = "config/node.ini:2: [mesh] secret_file names a";

  test("because it is not there, is a folder, is no text, or is too large", async () => {
    await using folder = await TempFolder.create();
    await Bun.write(folder.at("binary"), new Uint8Array([0xff, 0xfe, 0]));
    expect(await fileMistake(folder.at("absent"))).toBe(
      `${start} file that is not there; its path is seen from the working folder`,
    );
    expect(await fileMistake(folder.path)).toBe(
      `${start} folder; it must be a file with one secret a line`,
    );
    expect(await fileMistake(folder.at("binary"))).toBe(
      `${start} file that is not UTF-8 text; save it as UTF-8`,
    );
    expect(await fileMistake("/dev/zero")).toBe(
      `${start} file larger than 64 KiB; it must have one secret a line, and nothing else`,
    );
  });

  test("is named once, and does not hide what else is wrong", async () => {
    const text = "[mesh]\nsecret_file[] = a\nsecret_file[] = b\ncluster = a b\n";
    expect((await message(text)).split("\n")).toContain(
      "config/node.ini:2: [mesh] secret_file takes one value; write it without []",
    );
  });
});

test.each([
  `secret = ${WEAK}`,
  `secret = ${WEAK}#x`,
  `secret = "${WEAK}`,
  `secret = a\nsecret = ${WEAK}`,
  `secret[] = ${WEAK}\nsecret[] = ${WEAK}`,
  `secrte = ${WEAK}`,
  `secret =\n${WEAK}`,
  `secret =\n${WEAK}=`,
  `secret =\n${WEAK}==`,
  `secret_file = ${WEAK}`,
  `secret_file[] = ${WEAK}`,
  `secret = ${WEAK}\nsecret_file = x`,
])("the secret in %j stands in no mistake", async (line) => {
  const error = await refused(`[mesh]\n${line}\n`);
  expect(error.message).not.toContain("hunter2");
  expect(JSON.stringify(error.mistakes)).not.toContain("hunter2");
});

test("the secret of the environment stands in no mistake", async () => {
  const error = await refused("", { environment: { CCP_MESH_SECRET: WEAK } });
  expect(error.message).toStartWith("CCP_MESH_SECRET is an example");
  expect(error.message).not.toContain("hunter2");
});
