import { readFile } from "node:fs/promises";
import type { Subprocess } from "bun";
import { freePort } from "../games/free-port.ts";
import { TempFolder } from "../temp-folder.ts";
import { until } from "../turns.ts";

const RSYSLOGD = Bun.which("rsyslogd", { PATH: `${process.env["PATH"]}:/usr/sbin` });

export const HAS_RSYSLOG: boolean = RSYSLOGD !== null;

/** A real rsyslog that takes messages over TCP, and writes what it has read of each as a line of fields. */
export class Rsyslog implements AsyncDisposable {
  readonly port: number = freePort();
  readonly #folder: TempFolder;
  #child: Subprocess | undefined;

  static async start(): Promise<Rsyslog> {
    const rsyslog = new Rsyslog(await TempFolder.create());
    await rsyslog.start();
    return rsyslog;
  }

  private constructor(folder: TempFolder) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    await this.#folder.write("rsyslog.conf", this.#config());
    const child = Bun.spawn(
      [
        RSYSLOGD ?? "rsyslogd",
        "-n",
        "-f",
        this.#folder.at("rsyslog.conf"),
        "-i",
        this.#folder.at("pid"),
      ],
      { stdin: "ignore", stdout: "ignore", stderr: "ignore" },
    );
    this.#child = child;
    await this.#listening();
  }

  /** Without warning, as the power does. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await this.#child?.exited;
  }

  /** The fields of each message, in the order in which they were written. */
  async messages(): Promise<readonly (readonly string[])[]> {
    let text = "";
    try {
      text = await readFile(this.#folder.at("out"), "utf8");
    } catch {
      // Nothing was written yet.
    }
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split("\t"));
  }

  async wrote(count: number): Promise<readonly (readonly string[])[]> {
    let messages: readonly (readonly string[])[] = [];
    let isReading = false;
    await until(() => {
      if (!isReading) {
        isReading = true;
        void this.messages().then((read) => {
          messages = read;
          isReading = false;
        });
      }
      return messages.length >= count;
    }, 8000);
    return messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#folder[Symbol.asyncDispose]();
  }

  /** The fields have no tabs in them: rsyslog writes control characters as octal numbers. */
  #config(): string {
    const fields = ["pri", "timereported", "hostname", "app-name", "procid", "msgid"];
    const names = [...fields, "structured-data", "msg"];
    const properties = names.map((name) =>
      name === "timereported"
        ? 'property(name="timereported" dateFormat="rfc3339")'
        : `property(name="${name}")`,
    );
    return [
      `global(workDirectory="${this.#folder.path}")`,
      'module(load="imtcp")',
      `template(name="fields" type="list") { ${properties.join(' constant(value="\\t") ')} constant(value="\\n") }`,
      `input(type="imtcp" address="127.0.0.1" port="${this.port}" ruleset="all")`,
      `ruleset(name="all") { action(type="omfile" file="${this.#folder.at("out")}" template="fields") }`,
      "",
    ].join("\n");
  }

  async #listening(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      try {
        const socket = await Bun.connect({
          hostname: "127.0.0.1",
          port: this.port,
          socket: { data() {} },
        });
        socket.end();
        return;
      } catch {
        await Bun.sleep(25);
      }
    }
    throw new Error("rsyslog does not listen");
  }
}
