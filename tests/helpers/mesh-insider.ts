import { randomBytes } from "node:crypto";
import { DiallerSetup } from "../../mesh/link/dialler-setup.ts";
import type { LinkPeer, SetupOutcome } from "../../mesh/link/setup.ts";
import { MeshChannel } from "./mesh-channel.ts";
import { FrameType } from "./mesh-frames.ts";

export interface InsiderOptions {
  readonly port: number;
  readonly secret: string;
  readonly cluster?: string;
  readonly name?: string;
  readonly incarnation?: number;
  /** Asked before it confirms. */
  readonly decide?: () => Promise<undefined>;
}

/** What is kept of what it was told. */
const FRAMES_KEPT_MAX = 10_000;

/** Whoever knows the secret and does not behave: a peer that says just what the test tells it to. */
export class Insider implements Disposable {
  readonly peer: LinkPeer;
  readonly name: string;
  readonly channel: MeshChannel;
  readonly #frames: Buffer[] = [];
  #counts = new Map<number, number>();

  /** Dials, proves the secret, and from then on answers pings and nothing else. */
  static async join(options: InsiderOptions): Promise<Insider> {
    const { port, name = "insider" } = options;
    const channel = await MeshChannel.connect(port);
    await channel.start();
    if (!(await channel.secure())) throw new Error("there was no TLS");
    const outcome = await setUp(channel, options);
    if (outcome.kind !== "up") throw new Error(`it was not let in: ${JSON.stringify(outcome)}`);
    return new Insider(channel, name, outcome.peer);
  }

  private constructor(channel: MeshChannel, name: string, peer: LinkPeer) {
    this.channel = channel;
    this.name = name;
    this.peer = peer;
    void this.#listen();
  }

  send(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.channel.send(frame);
  }

  /** How many frames of this type have come. */
  received(type: number): number {
    return this.#counts.get(type) ?? 0;
  }

  /** The text with which it was sent away, if it was. */
  get gone(): string | undefined {
    return this.#frames.find((bytes) => bytes[0] === FrameType.gone)?.toString("latin1");
  }

  [Symbol.dispose](): void {
    this.channel.terminate();
  }

  async #listen(): Promise<void> {
    for (;;) {
      const message = await this.channel.message();
      if (message === undefined) return;
      const [type = 0] = message.data;
      this.#counts.set(type, this.received(type) + 1);
      if (this.#frames.length < FRAMES_KEPT_MAX) this.#frames.push(message.data);
      if (type !== FrameType.ping) continue;
      this.channel.send(Buffer.concat([Buffer.of(FrameType.pong), message.data.subarray(1)]));
    }
  }
}

/** Sets up a link on a connection inside TLS. */
export async function setUp(
  channel: MeshChannel,
  options: Omit<InsiderOptions, "port">,
): Promise<SetupOutcome> {
  const { secret, cluster = "main", name = "insider", incarnation = 1 } = options;
  const { promise, resolve } = Promise.withResolvers<SetupOutcome>();
  const setup = new DiallerSetup({
    identity: { name, instance: randomBytes(16).toString("hex"), incarnation },
    cluster,
    secrets: [secret],
    exporter: channel.exporter(),
    advertise: undefined,
    observed: "127.0.0.1",
    decide: options.decide ?? (() => undefined),
    send: (bytes) => channel.send(bytes),
    onOutcome: resolve,
  });
  setup.start();
  const settled = { isSettled: false };
  void promise.then(() => {
    settled.isSettled = true;
  });
  while (!settled.isSettled) {
    const message = await channel.message();
    if (message === undefined) setup.abort("closed");
    else setup.receive(message.data);
    // The decision takes a few turns.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  return await promise;
}
