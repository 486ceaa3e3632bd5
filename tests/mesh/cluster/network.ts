import type { Cancel } from "../../../mesh/clock.ts";
import type {
  GoneCode,
  LinkAttempt,
  LinkConnector,
  LinkDirection,
  LinkDown,
  LinkHandler,
  LinkPolicy,
  PeerLink,
} from "../../../mesh/link/peer-link.ts";
import type { LinkPeer, LinkRefusal, NodeIdentity } from "../../../mesh/link/setup.ts";
import type { Address } from "../../../src/index.ts";
import { VirtualTime } from "./virtual-time.ts";

/** A machine of the network, with what runs on it. */
export interface Host {
  readonly identity: NodeIdentity;
  readonly cluster: string;
  /** Where it listens. */
  readonly address: Address;
  readonly advertise: Address | undefined;
  readonly policy: LinkPolicy;
  isRunning: boolean;
}

const SETUP_TIMEOUT_MS = 3000;
const SILENCE_TIMEOUT_MS = 8000;

/** Links between policies in one process, as `PeerLink` and `LinkConnector` describe them, over lines that can be cut. */
export class Network {
  readonly time: VirtualTime = new VirtualTime();
  readonly hosts: Host[] = [];
  /** Every end there ever was. */
  readonly ends: FakeLink[] = [];
  /** Whose dials there were, when and where. */
  readonly dials: { readonly from: string; readonly to: string; readonly atMs: number }[] = [];
  /** Dials that are under way. */
  dialling = 0;
  dialsAtOnce = 0;
  readonly #random: () => number;
  /** `from to`, by names. */
  readonly #cuts = new Set<string>();
  readonly #slow = new Map<string, number>();

  constructor(random: () => number) {
    this.#random = random;
  }

  isCut(from: Host, to: Host): boolean {
    return this.#cuts.has(`${from.identity.name} ${to.identity.name}`);
  }

  /** Nothing gets from one name to the other any more: what is sent waits, as TCP would have it. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from} ${to}`);
    for (const end of this.ends) {
      if (end.host.identity.name === to && end.remote.identity.name === from) end.watchSilence();
    }
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from} ${to}`);
    for (const end of this.ends) {
      if (end.host.identity.name === from && end.remote.identity.name === to) end.flushStuck();
    }
  }

  healAll(): void {
    for (const cut of this.#cuts) {
      const [from = "", to = ""] = cut.split(" ");
      this.heal(from, to);
    }
  }

  /** How long everything from one name to the other takes, from now on. */
  slow(from: string, to: string, delayMs: number): void {
    this.#slow.set(`${from} ${to}`, delayMs);
  }

  /** 1 to 20 ms, unless it was said otherwise. */
  delayMs(from: Host, to: Host): number {
    const slowMs = this.#slow.get(`${from.identity.name} ${to.identity.name}`);
    return slowMs ?? 1 + this.#random() * 19;
  }

  connectorOf(host: Host): LinkConnector {
    return { dial: (address, signal) => this.#dial(host, address, signal) };
  }

  /** The process is gone; its system says so to its peers, unless the whole machine is gone. */
  kill(host: Host, how: "process" | "machine" = "process"): void {
    host.isRunning = false;
    this.hosts.splice(this.hosts.indexOf(host), 1);
    for (const end of this.ends) {
      if (end.host === host) end.die(how);
    }
  }

  #dial(host: Host, address: Address, signal: AbortSignal): LinkAttempt {
    const attempt: LinkAttempt = { direction: "dialled", address };
    this.dials.push({ from: host.identity.name, to: portOf(address), atMs: this.time.nowMs });
    this.dialling += 1;
    this.dialsAtOnce = Math.max(this.dialsAtOnce, this.dialling);
    const there = this.hosts.find((other) => other.address.port === address.port);
    const setup = new FakeSetup({ network: this, host, there, attempt });
    setup.start(signal);
    return attempt;
  }
}

function portOf(address: Address): string {
  return `${address.host}:${address.port}`;
}

interface SetupParts {
  readonly network: Network;
  readonly host: Host;
  readonly there: Host | undefined;
  readonly attempt: LinkAttempt;
}

/** Two ends on their way to a link: who dials proves itself first, and is the first that has it up. [MESH-1.3] */
class FakeSetup {
  readonly #parts: SetupParts;
  readonly #accepted: LinkAttempt;
  #isDiallerOver = false;
  #isAcceptorOver = true;
  #cancel: Cancel = () => {};

  constructor(parts: SetupParts) {
    this.#parts = parts;
    this.#accepted = {
      direction: "accepted",
      address: { host: parts.host.address.host, port: 40_000 + parts.network.dials.length },
    };
  }

  start(signal: AbortSignal): void {
    const { network, host, there } = this.#parts;
    const { time } = network;
    this.#cancel = time.after(SETUP_TIMEOUT_MS, () => this.#failDialler("timeout"));
    signal.addEventListener("abort", () => time.after(0, () => this.#failDialler("closed")));
    if (there === undefined) {
      time.after(network.delayMs(host, host), () => this.#failDialler("closed"));
    } else if (there === host) {
      time.after(1, () => this.#refuseDialler("self", "this node has dialled itself"));
    } else {
      // Connect, start, TLS, hello and proof: three ways there, two back.
      this.#send(host, there, () =>
        this.#send(there, host, () =>
          this.#send(host, there, () =>
            this.#send(there, host, () => this.#send(host, there, () => this.#onProof(there))),
          ),
        ),
      );
    }
  }

  #send(from: Host, to: Host, onArrival: () => void): void {
    const { network } = this.#parts;
    const { time } = network;
    if (network.isCut(from, to)) return;
    time.after(network.delayMs(from, to), () => {
      time.isUnsettled = true;
      if (to.isRunning && from.isRunning && !network.isCut(from, to)) onArrival();
    });
  }

  #onProof(there: Host): void {
    const { host, network } = this.#parts;
    if (this.#isDiallerOver) return;
    this.#isAcceptorOver = false;
    if (host.cluster !== there.cluster) {
      this.#onJudged(there, "other_cluster");
      return;
    }
    network.time.after(SETUP_TIMEOUT_MS, () => this.#failAcceptor(there, "timeout"));
    const decision = there.policy.decide(this.#accepted, host.identity);
    if (!(decision instanceof Promise)) this.#onJudged(there, decision);
    else void decision.then((refusal) => this.#onJudged(there, refusal));
  }

  #onJudged(there: Host, refusal: LinkRefusal | "other_cluster" | undefined): void {
    const { host, network } = this.#parts;
    network.time.isUnsettled = true;
    if (this.#isAcceptorOver) return;
    if (refusal === undefined) {
      this.#send(there, host, () => this.#onWelcome(there));
      return;
    }
    const { code, text } =
      refusal === "other_cluster" ? { code: refusal, text: "of another cluster" } : refusal;
    this.#isAcceptorOver = true;
    there.policy.onFailed(this.#accepted, { kind: "refused", by: "us", code, text });
    this.#send(there, host, () => this.#refuseDialler(code, text));
  }

  #onWelcome(there: Host): void {
    const { host, attempt, network } = this.#parts;
    if (this.#isDiallerOver) return;
    const onDecision = (refusal: LinkRefusal | undefined): void => {
      network.time.isUnsettled = true;
      if (this.#isDiallerOver) return;
      if (refusal === undefined) {
        this.#confirm(there);
        return;
      }
      this.#endDialler();
      host.policy.onFailed(attempt, { kind: "refused", by: "us", ...refusal });
      this.#send(host, there, () => this.#failAcceptor(there, "closed"));
    };
    const decision = host.policy.decide(attempt, there.identity);
    if (decision instanceof Promise) void decision.then(onDecision);
    else onDecision(decision);
  }

  #confirm(there: Host): void {
    const { host, attempt, network } = this.#parts;
    const dialler = new FakeLink({ network, host, remote: there, attempt });
    const acceptor = new FakeLink({ network, host: there, remote: host, attempt: this.#accepted });
    dialler.other = acceptor;
    acceptor.other = dialler;
    // Confirm goes before everything else on the connection.
    dialler.transmit(() => {
      if (this.#isAcceptorOver) {
        acceptor.close("set up too late");
      } else {
        this.#isAcceptorOver = true;
        acceptor.rise();
      }
    });
    this.#endDialler();
    dialler.rise();
  }

  #endDialler(): void {
    this.#isDiallerOver = true;
    this.#cancel();
    this.#parts.network.dialling -= 1;
  }

  #failDialler(reason: "timeout" | "closed"): void {
    const { host, there, attempt } = this.#parts;
    if (this.#isDiallerOver) return;
    this.#endDialler();
    if (host.isRunning) host.policy.onFailed(attempt, { kind: "failed", reason, text: reason });
    if (there !== undefined) this.#send(host, there, () => this.#failAcceptor(there, "closed"));
  }

  #refuseDialler(code: LinkRefusal["code"] | "self" | "other_cluster", text: string): void {
    const { host, there, attempt } = this.#parts;
    if (this.#isDiallerOver) return;
    this.#endDialler();
    const refused = { kind: "refused", by: "peer", code, text } as const;
    const claimed = code === "duplicate_link" ? there?.identity.instance : undefined;
    host.policy.onFailed(attempt, claimed === undefined ? refused : { ...refused, claimed });
  }

  #failAcceptor(there: Host, reason: "timeout" | "closed"): void {
    if (this.#isAcceptorOver) return;
    this.#isAcceptorOver = true;
    const failure = { kind: "failed", reason, text: reason } as const;
    if (there.isRunning) there.policy.onFailed(this.#accepted, failure);
  }
}

interface LinkParts {
  readonly network: Network;
  readonly host: Host;
  readonly remote: Host;
  readonly attempt: LinkAttempt;
}

type EndState = "rising" | "up" | "down";

/** One end of a link: what it sends arrives in order, and is lost only with the link. */
export class FakeLink implements PeerLink {
  readonly host: Host;
  readonly remote: Host;
  readonly peer: LinkPeer;
  readonly direction: LinkDirection;
  readonly address: Address;
  readonly rttMs = 1;
  readonly counters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, dropped: 0 };
  /** What it says waits; set by tests. */
  queuedBytes = 0;
  hasRoom = true;
  /** Messages it takes before it drops; set by tests. */
  messagesLeft: number = Number.POSITIVE_INFINITY;
  other: FakeLink | undefined;
  state: EndState = "rising";
  down: LinkDown | undefined;
  /** Whether its pings are answered. */
  isMute = false;
  /** How often its owner has asked. */
  probes = 0;
  readonly sent: Uint8Array[] = [];
  readonly #network: Network;
  readonly #attempt: LinkAttempt;
  /** By the order in which it was sent. */
  readonly #stuck = new Map<number, () => void>();
  #transmitted = 0;
  #handler: LinkHandler | undefined;
  #arrivalMs = 0;

  constructor({ network, host, remote, attempt }: LinkParts) {
    this.#network = network;
    this.#attempt = attempt;
    this.host = host;
    this.remote = remote;
    this.direction = attempt.direction;
    this.address = attempt.address;
    const { advertise } = remote;
    const isSeen = advertise?.host === "";
    this.peer = {
      ...remote.identity,
      advertise: isSeen ? { ...advertise, host: remote.address.host } : advertise,
      observed: host.address.host,
    };
    network.ends.push(this);
  }

  rise(): void {
    this.state = "up";
    this.#handler = this.host.policy.onUp(this.#attempt, this);
    if (this.#network.isCut(this.remote, this.host)) this.watchSilence();
  }

  sendControl(frame: Uint8Array): void {
    if (frame.length > 65_536) throw new Error("a frame of control is too large");
    this.#sendFrame(frame);
  }

  sendMessage(frame: Uint8Array, _order: string): boolean {
    if (this.state !== "up") return false;
    if (this.messagesLeft <= 0) {
      this.counters.dropped += 1;
      return false;
    }
    this.messagesLeft -= 1;
    this.#sendFrame(frame);
    return true;
  }

  async drained(): Promise<void> {}

  probe(timeoutMs: number): Promise<boolean> {
    this.probes += 1;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settle = (isThere: boolean): void => {
      this.#network.time.isUnsettled = true;
      resolve(isThere);
    };
    this.#network.time.after(timeoutMs, () => settle(false));
    this.transmit(() => {
      const { other } = this;
      if (other?.state === "up" && !other.isMute) other.transmit(() => settle(true));
    });
    return promise;
  }

  close(text: string, code?: GoneCode): void {
    if (this.state === "down") return;
    const down: LinkDown =
      code === undefined
        ? { reason: "closed", text: "closed" }
        : { reason: "gone", text, gone: { code, text } };
    this.transmit(() => this.other?.fall(down));
    this.fall({ reason: "dropped", text });
    // If that does not arrive.
    this.other?.watchSilence();
  }

  fall(down: LinkDown): void {
    if (this.state === "down") return;
    const wasUp = this.state === "up";
    this.state = "down";
    this.down = down;
    this.#network.time.isUnsettled = true;
    if (wasUp && this.host.isRunning) this.#handler?.onDown(this, down);
  }

  die(how: "process" | "machine"): void {
    if (this.state === "down") return;
    this.state = "down";
    const reset: LinkDown = { reason: "closed", text: "reset" };
    if (how === "process") this.transmit(() => this.other?.fall(reset));
    this.other?.watchSilence();
  }

  /** It goes down if nothing can have come for too long. */
  watchSilence(): void {
    this.#network.time.after(SILENCE_TIMEOUT_MS, () => {
      const isSilent = this.other?.state === "down" || this.#network.isCut(this.remote, this.host);
      if (this.state === "up" && isSilent) {
        this.close("nothing came");
      }
    });
  }

  /** Arrives behind all that was sent before. */
  transmit(onArrival: () => void): void {
    this.#transmitted += 1;
    this.#transmit(this.#transmitted, onArrival);
  }

  #transmit(number: number, onArrival: () => void): void {
    if (this.#network.isCut(this.host, this.remote)) {
      this.#stuck.set(number, onArrival);
      return;
    }
    const { time } = this.#network;
    const delayMs = this.#network.delayMs(this.host, this.remote);
    this.#arrivalMs = Math.max(this.#arrivalMs, time.nowMs + delayMs);
    time.after(this.#arrivalMs - time.nowMs, () => {
      if (this.#network.isCut(this.host, this.remote)) this.#stuck.set(number, onArrival);
      else if (this.remote.isRunning) onArrival();
    });
  }

  flushStuck(): void {
    const stuck = [...this.#stuck].toSorted(([one], [other]) => one - other);
    this.#stuck.clear();
    for (const [number, onArrival] of stuck) this.#transmit(number, onArrival);
  }

  /** A frame as if it had arrived; for what no honest peer sends. */
  deliver(frame: Uint8Array): void {
    if (this.state !== "up") return;
    const padded = Buffer.concat([Buffer.from("head"), frame, Buffer.from("tail")]);
    this.counters.framesIn += 1;
    this.#network.time.isUnsettled ||= (frame[0] ?? 0) < 0x20;
    this.#handler?.onFrame(this, frame[0] ?? 0, padded, 5, 4 + frame.length);
  }

  #sendFrame(frame: Uint8Array): void {
    if (this.state !== "up") return;
    const copy = new Uint8Array(frame);
    this.counters.framesOut += 1;
    this.sent.push(copy);
    this.transmit(() => this.other?.deliver(copy));
  }
}
