import { describe, expect, test } from "bun:test";
import { surroundingMistakes } from "../../../mesh/config/surroundings.ts";
import { configOf } from "../../helpers/mesh-node.ts";
import { TempFolder } from "../../helpers/temp-folder.ts";

const TLS = `${import.meta.dir}/../../fixtures/tls`;

const BAD = "-----BEGIN CERTIFICATE-----\nbad\n-----END CERTIFICATE-----\n";

async function mistakes(
  sections: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  await using folder = await TempFolder.create(files);
  const found = await surroundingMistakes(await configOf(sections), folder.at("node.ini"));
  return found.map((text) => text.replaceAll(folder.path, ""));
}

describe("what a look at the machine finds", () => {
  test("nothing, where all is there", async () => {
    const sections = { server: "whitelist = localhost, 10.0.0.0/8", plugins: "load = chat.ts" };
    expect(await mistakes(sections, { "chat.ts": "" })).toEqual([]);
  });

  test("a name on the whitelist that does not resolve", async () => {
    const [text, ...others] = await mistakes({ server: "whitelist = panel.invalid, 127.0.0.1" });
    expect(text).toStartWith('whitelist: "panel.invalid" does not resolve (');
    expect(others).toEqual([]);
  });

  test("TLS files that are not there", async () => {
    const server = "tls_cert = /nowhere/cert.pem\ntls_key = /nowhere/key.pem";
    expect(await mistakes({ server })).toEqual([
      "[server] tls_cert: there is no file /nowhere/cert.pem",
      "[server] tls_key: there is no file /nowhere/key.pem",
    ]);
  });

  test("TLS files that are none, and a key of another certificate", async () => {
    const pair = (cert: string, key: string) => `tls_cert = ${cert}\ntls_key = ${key}`;
    const [cert, key] = [`${TLS}/localhost.pem`, `${TLS}/localhost.key`];
    expect(await mistakes({ server: pair(cert, key) })).toEqual([]);
    expect(await mistakes({ server: pair(cert, `${TLS}/stranger.key`) })).toEqual([
      "[server] tls_key does not belong to tls_cert",
    ]);
    expect(await mistakes({ server: pair(key, cert) })).toEqual([
      expect.stringMatching(/^\[server\] tls_cert: \S+localhost\.key cannot be used: /),
      expect.stringMatching(/^\[server\] tls_key: \S+localhost\.pem cannot be used: /),
    ]);
    expect(await mistakes({ server: pair(TLS, key) })).toEqual([
      expect.stringMatching(/^\[server\] tls_cert: .*EISDIR/),
    ]);
  });

  test("what collectors need: folders, files and authorities", async () => {
    await using folder = await TempFolder.create({ "no.pem": "none", "bad.pem": BAD, file: "" });
    const [no, bad] = [folder.at("no.pem"), folder.at("bad.pem")];
    const url = (url: string) => `url = ${url}\ntopics = a`;
    const found = await mistakes({
      "collector:a": url(`file://${folder.at("none")}/x`),
      "collector:b": url(`file://${folder.path}`),
      "collector:c": url(`file://${folder.at("file")}/x`),
      "collector:d": url("file:///dev/null"),
      "collector:e": `${url("https://host.invalid")}\ntls_ca = /nowhere.pem`,
      "collector:f": `${url("ccps://host.invalid:1/x")}\ntls_ca = ${no}`,
      "collector:g": `${url("tls://host.invalid:1")}\ntls_ca = ${bad}`,
      "collector:h": `${url("syslog+tls://host.invalid:1")}\ntls_ca = ${folder.path}`,
      "collector:fine": url(`file://${folder.at("x")}`),
      "collector:also": `${url("tls://host.invalid:1")}\ntls_ca = ${TLS}/ca.pem`,
      "collector:too": url("http://host.invalid"),
    });
    expect(found.map((text) => text.replaceAll(folder.path, ""))).toEqual([
      "[collector:a] url: /none/x: the folder /none is not there; make it",
      "[collector:b] url: : this is a folder; name a file in it",
      "[collector:c] url: /file/x: /file is no folder; see url",
      "[collector:d] url: /dev/null is no ordinary file",
      "[collector:e] tls_ca: /nowhere.pem cannot be read (ENOENT); check the path, and that the node's user may read it",
      "[collector:f] tls_ca: /no.pem has no certificate in it; it must be a PEM file",
      expect.stringMatching(
        /^\[collector:g\] tls_ca: \/bad\.pem cannot be used \(.*\); it must be a PEM file$/,
      ),
      expect.stringMatching(/^\[collector:h\] tls_ca:  cannot be read \(EISDIR\); /),
    ]);
  });

  test("peers whose names do not resolve; whether they are up is not asked", async () => {
    const mesh = `secret = p8Kd2-vq7Lx0Zr5mWn3T\npeers = a.invalid, 127.0.0.1:1, localhost:1, a.invalid:5`;
    const [text, ...others] = await mistakes({ mesh });
    expect(text).toStartWith('[mesh] peers: "a.invalid" does not resolve (');
    expect(others).toEqual([]);
  });

  test("TLS files of the mesh", async () => {
    const mesh = (ca: string) =>
      `secret = p8Kd2-vq7Lx0Zr5mWn3T\ntls_cert = ${TLS}/client.pem\ntls_key = ${TLS}/localhost.key\ntls_ca = ${ca}`;
    expect(await mistakes({ mesh: mesh(`${TLS}/ca.pem`) })).toEqual([
      "[mesh] tls_key does not belong to tls_cert",
    ]);
    expect(await mistakes({ mesh: mesh("/nowhere/ca.pem") })).toEqual([
      "[mesh] tls_key does not belong to tls_cert",
      "[mesh] tls_ca: there is no file /nowhere/ca.pem",
    ]);
    expect(await mistakes({ mesh: mesh(`${TLS}/client.key`) })).toEqual([
      "[mesh] tls_key does not belong to tls_cert",
      expect.stringMatching(/^\[mesh\] tls_ca: \S+client\.key cannot be used: /),
    ]);
  });

  test("plugins that are not there, each by its name, and without running those that are", async () => {
    const plugins = "load = absent.ts, chat.ts, no-such-package";
    const places = ` or ${process.cwd()}`;
    expect(await mistakes({ plugins }, { "chat.ts": "throw new Error('was run')" })).toEqual([
      `[plugins] load: there is no module "absent.ts", neither as a file nor as a package, in ${places}`,
      `[plugins] load: there is no module "no-such-package", neither as a file nor as a package, in ${places}`,
    ]);
  });

  test("all of it at once", async () => {
    const server = "whitelist = a.invalid, b.invalid\ntls_cert = /nowhere\ntls_key = /nowhere";
    expect(await mistakes({ server, plugins: "load = absent.ts" })).toHaveLength(5);
  });
});
