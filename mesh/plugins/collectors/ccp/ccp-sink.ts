/** `ccp://host:port/plugin` and `ccps://host:port/plugin`: each batch a request to an application's own endpoint. */

import { CcpError, type RequestClient, type SettingsReader } from "../../../index.ts";
import { Deadline, unlessAborted } from "../deadline.ts";
import { readSendTimeout } from "../send-timeout.ts";
import type { Batch, SendResult, Sink, SinkKind, SinkOptions } from "../sink.ts";
import { lackingAuthorities } from "../socket-trouble.ts";
import { readTcpTarget } from "../tcp-target.ts";
import { FORMATS, type Format, resultOf } from "./answer.ts";
import { failureText } from "./failures.ts";
import { KeptClient } from "./kept-client.ts";
import { PLUGIN_BYTES_MAX, REQUEST_BYTES_MAX } from "./limits.ts";
import { requestOf, type Sender } from "./request.ts";

export const CCP_SINK: SinkKind = {
  schemes: ["ccp", "ccps"],
  examples: ["ccps://host:6000/events"],
  create: createCcp,
};

interface CcpSinkOptions {
  readonly where: string;
  readonly caFile: string | undefined;
  readonly client: KeptClient;
  readonly sender: Sender;
  readonly format: Format;
  readonly timeoutMs: number;
}

class CcpSink implements Sink {
  readonly #options: CcpSinkOptions;

  constructor(options: CcpSinkOptions) {
    this.#options = options;
  }

  get where(): string {
    return this.#options.where;
  }

  async send(batch: Batch, signal: AbortSignal): Promise<SendResult> {
    const { client, where, timeoutMs } = this.#options;
    const request = this.#requestOf(batch);
    if ("kind" in request) return request;
    using deadline = new Deadline(timeoutMs, signal);
    try {
      const open = await unlessAborted(client.get(), deadline.signal);
      if (open !== undefined) return await this.#ask(open, request.data, deadline.signal);
      return {
        kind: "retry",
        text: `${where} was not connected in time; is a firewall in between?`,
      };
    } catch (error) {
      return { kind: "retry", text: failureText(error, where) };
    }
  }

  async lacks(): Promise<readonly string[]> {
    return await lackingAuthorities(this.#options.caFile);
  }

  async close(): Promise<void> {
    await this.#options.client.close();
  }

  #requestOf(batch: Batch): { readonly data: Uint8Array } | SendResult {
    const { sender, format, where } = this.#options;
    try {
      const data = requestOf(batch, sender, format);
      if (data.length <= REQUEST_BYTES_MAX) return { data };
      const text = `${where}: ${data.length} bytes do not fit a message of CCP; make batches smaller`;
      return { kind: "refused", text };
    } catch (error) {
      return {
        kind: "refused",
        text: `${where}: it cannot be sent as ${format}: ${String(error)}`,
      };
    }
  }

  async #ask(client: RequestClient, data: Uint8Array, signal: AbortSignal): Promise<SendResult> {
    const { format, where, timeoutMs } = this.#options;
    try {
      return resultOf(await client.request(data, { timeoutMs, signal }), format, where);
    } catch (error) {
      // An answer that is late holds up those behind it.
      this.#options.client.drop(client);
      if (!signal.aborted && !(error instanceof CcpError && error.code === "request_timeout")) {
        throw error;
      }
      return { kind: "retry", text: `${where} did not answer in time; the same is sent again` };
    }
  }
}

function createCcp({ collector, node, url, settings }: SinkOptions): Sink {
  const target = readTcpTarget(url, settings, { tlsScheme: "ccps", hasPath: true });
  const plugin = readPlugin(url, settings);
  return new CcpSink({
    where: `${target.where}${url.pathname}`,
    caFile: target.tls?.caFile,
    client: new KeptClient(target, plugin),
    sender: { collector, node },
    format: settings.choice("format", FORMATS, "json"),
    timeoutMs: readSendTimeout(settings),
  });
}

function readPlugin({ pathname }: URL, settings: SettingsReader): string {
  let plugin = "";
  try {
    plugin = decodeURIComponent(pathname.slice(1));
  } catch {
    // Refused below.
  }
  if (plugin !== "" && Buffer.byteLength(plugin) <= PLUGIN_BYTES_MAX) return plugin;
  settings.problem("url", "must end with the plugin's name, as ccp://host:6000/events");
  return plugin;
}
