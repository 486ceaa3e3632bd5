import { Cluster } from "../../../mesh/cluster/cluster.ts";
import type { RemoteNode, RemoteNodeHandler } from "../../../mesh/cluster/remote-node.ts";
import { DEFAULT_MESH_LIMITS, type MeshLimits } from "../../../mesh/mesh-limits.ts";
import type { Address } from "../../../src/index.ts";
import { RecordingLogger } from "../../helpers/recording-logger.ts";
import type { FakeLink, Host, Network } from "./network.ts";

const WANT = 0x23;
const STATE = 0x25;
const READY = 0x26;
const NUMBERED = 0x28;

export interface SimulatedNodeOptions {
  readonly network: Network;
  readonly name: string;
  /** Decides the port it listens on; a restart has the same. */
  readonly port: number;
  readonly random: () => number;
  readonly seeds?: readonly Address[];
  readonly incarnation?: number;
  /** Two hexadecimal digits; by default made up. */
  readonly instanceDigits?: string;
  readonly cluster?: string;
  readonly advertise?: Address | "none";
  readonly host?: string;
  readonly limits?: Partial<MeshLimits>;
}

export interface Received {
  readonly from: string;
  readonly instance: string;
  readonly count: number;
}

let instances = 0;

/** A cluster on a simulated machine. What is above it sends numbers, and checks what it hears. */
export class SimulatedNode {
  readonly cluster: Cluster;
  readonly host: Host;
  readonly log: RecordingLogger = new RecordingLogger();
  readonly received: Received[] = [];
  /** What the handler was told, such as `open b`. */
  readonly events: string[] = [];
  /** Of what others want. */
  wantedBytes = 0;
  /** What must not be, as it was seen. */
  readonly mistakes: string[] = [];
  readonly #network: Network;
  readonly #alive = new Set<RemoteNode>();
  readonly #highest = new Map<string, number>();
  readonly #name: string;
  #count = 0;

  constructor(options: SimulatedNodeOptions) {
    const { network, name, port, random, seeds = [], limits = {} } = options;
    const { host = `10.0.0.${port}`, incarnation = 1, cluster = "main" } = options;
    instances += 1;
    const digits = options.instanceDigits ?? instances.toString(16).padStart(4, "0").slice(-4);
    const instance = digits.repeat(32 / digits.length);
    const address = { host, port };
    const advertise = options.advertise === "none" ? undefined : (options.advertise ?? address);
    this.#network = network;
    this.#name = name;
    const identity = { name, instance, incarnation };
    const { time } = network;
    let isRunning = true;
    this.cluster = new Cluster({
      identity,
      advertise,
      seeds,
      limits: { ...DEFAULT_MESH_LIMITS, ...limits },
      handler: this.#handler(),
      log: this.log,
      random,
      clock: {
        now: () => time.nowMs,
        after: (delayMs, run) =>
          time.after(delayMs, () => {
            time.isUnsettled = true;
            if (isRunning) run();
          }),
      },
    });
    this.host = {
      identity,
      cluster,
      address,
      advertise,
      policy: this.cluster,
      get isRunning() {
        return isRunning;
      },
      set isRunning(value) {
        isRunning = value;
      },
    };
    network.hosts.push(this.host);
    this.cluster.start(network.connectorOf(this.host));
  }

  get name(): string {
    return this.#name;
  }

  /** Its ends that are up. */
  get links(): FakeLink[] {
    return this.#network.ends.filter(({ host, state }) => host === this.host && state === "up");
  }

  linkTo(name: string): FakeLink | undefined {
    return this.links.find(({ peer }) => peer.name === name);
  }

  /** Who can be reached, as `b`, or `b via c`. */
  get reach(): string[] {
    const nodes = this.cluster.nodes();
    return nodes
      .map(({ name, via }) => (via === undefined ? name : `${name} via ${via}`))
      .toSorted();
  }

  /** Sends the next number to every node. */
  publish(bytes = 0): number {
    this.#count += 1;
    for (const node of this.cluster.nodes()) this.sendTo(node, this.#count, bytes);
    return this.#count;
  }

  sendTo(node: RemoteNode, count: number, bytes = 0): boolean {
    const frame = Buffer.from(`_${this.#name} ${node.instance} ${count} ${"x".repeat(bytes)}`);
    frame[0] = NUMBERED;
    return node.sendMessage(frame, "numbers");
  }

  countsFrom(name: string): number[] {
    return this.received.filter(({ from }) => from === name).map(({ count }) => count);
  }

  kill(how?: "process" | "machine"): void {
    this.#network.kill(this.host, how);
  }

  #handler(): RemoteNodeHandler {
    const note = (event: string, node: RemoteNode): void => {
      this.events.push(`${event} ${node.name}`);
      this.#expectAlive(node, event);
    };
    return {
      onOpen: (node) => {
        this.#alive.add(node);
        note("open", node);
        node.sendControl(new Uint8Array([STATE, 0x90]));
        node.sendControl(new Uint8Array([READY]));
      },
      onOpened: (node) => note("opened", node),
      onRouteLost: (node) => note("lost", node),
      onDown: (node) => {
        note("down", node);
        this.#alive.delete(node);
      },
      onFrame: (node, type, chunk, start, end) => {
        this.#expectAlive(node, "a frame");
        if (type === WANT) this.wantedBytes += end - start;
        if (type === NUMBERED) this.#onNumber(node, chunk.toString("latin1", start, end));
        return type === 0x7f ? "this cannot be read" : undefined;
      },
    };
  }

  #expectAlive(node: RemoteNode, what: string): void {
    if (this.#alive.has(node)) return;
    this.mistakes.push(`${what} of "${node.name}", which is not there`);
  }

  #onNumber(node: RemoteNode, text: string): void {
    const [from = "", to, count = ""] = text.split(" ");
    const number = Number(count);
    if (from !== node.name) this.mistakes.push(`"${from}" was taken for "${node.name}"`);
    if (to !== this.host.identity.instance) this.mistakes.push(`a frame for ${to} came here`);
    const highest = this.#highest.get(node.instance) ?? 0;
    if (number <= highest) this.mistakes.push(`${number} of "${from}" came after ${highest}`);
    this.#highest.set(node.instance, number);
    this.received.push({ from, instance: node.instance, count: number });
  }
}
