import { NO_DURABLE } from "../../../helpers/no-durable.ts";
import { expect } from "bun:test";
import * as v from "valibot";
import type { Messaging } from "../../../../mesh/messaging/messaging.ts";
import { PluginHost } from "../../../../mesh/plugin-host.ts";
import {
  type ClientLimits,
  Endpoint,
  encode,
  MessagePackStream,
  RawClient,
} from "../../../../src/index.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";
import { localMessenger } from "../../local-messenger.ts";

interface Told {
  readonly op: string;
  readonly [key: string]: unknown;
}

const ToldSchema: v.GenericSchema<unknown, Told> = v.looseObject({ op: v.string() });

/** The node `surf` with its bus, on a port of this machine. */
export class BusNode implements AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly messenger: Messaging;
  readonly host: PluginHost;
  readonly log: RecordingLogger;
  readonly receiverErrors: unknown[];

  static async start(): Promise<BusNode> {
    const receiverErrors: unknown[] = [];
    const endpoint = await Endpoint.listen({
      hostname: "127.0.0.1",
      port: 0,
      onReceiverError: (error) => receiverErrors.push(error),
    });
    const node = new BusNode(endpoint, receiverErrors);
    await node.host.apply([], new Map());
    return node;
  }

  private constructor(endpoint: Endpoint, receiverErrors: unknown[]) {
    this.endpoint = endpoint;
    this.receiverErrors = receiverErrors;
    // More than an application may have, so that its own bound is met first.
    this.messenger = localMessenger({ limits: { meshRequestsPerNodeMax: 4096 } });
    this.log = new RecordingLogger();
    this.host = new PluginHost({
      nodeName: "surf",
      endpoint,
      messenger: this.messenger,
      durable: NO_DURABLE,
      log: this.log,
      folders: [],
      builtIn: ["bus"],
    });
  }

  connect(limits: Readonly<Partial<ClientLimits>> = {}): Promise<RawClient> {
    const { port } = this.endpoint;
    return RawClient.connect({ host: "127.0.0.1", port, plugin: "bus", limits });
  }

  /** An application that has read the greeting. */
  async join(limits?: Readonly<Partial<ClientLimits>>): Promise<BusApplication> {
    const application = new BusApplication(await this.connect(limits));
    await application.next();
    return application;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.unloadAll();
    this.messenger.close();
    await this.endpoint.close(0);
  }
}

/** A program on the bus. */
export class BusApplication implements AsyncDisposable {
  readonly client: RawClient;
  readonly #told: AsyncIterator<Told>;

  constructor(client: RawClient) {
    this.client = client;
    const stream = new MessagePackStream(client, (value) => v.parse(ToldSchema, value));
    this.#told = stream[Symbol.asyncIterator]();
  }

  send(command: Readonly<Record<string, unknown>>): void {
    this.client.send(encode(command));
  }

  /** What it is told next. */
  async next(): Promise<Told> {
    const { done, value } = await this.#told.next();
    if (done === true) throw new Error("the node ended the communication");
    return value;
  }

  /** What it is told next after this command: its answer, unless something else is going on. */
  async ask(command: Readonly<Record<string, unknown>>): Promise<Told> {
    this.send(command);
    return await this.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

/** Shows that an application is still served. */
export async function expectServed(application: BusApplication): Promise<void> {
  const id = 1_000_000;
  expect(await application.ask({ op: "peers", id })).toEqual({ op: "ok", id, result: [] });
}
