import type { Cancel, Clock } from "../clock.ts";
import { FRAME_HEAD_BYTES_MAX, SMALL_FRAME_BYTES_MAX } from "../frame.ts";
import type { NodeIdentity } from "../link/setup.ts";
import type { MeshLimits } from "../mesh-limits.ts";
import { encodeNumber, encodeRelay } from "./cluster-frames.ts";
import { HeldFrames } from "./held-frames.ts";
import { HELD_CONTROL_BYTES, HOLD_MS } from "./limits.ts";
import type { LiveLink } from "./live-link.ts";
import type { RemoteNode, RemoteNodeHandler } from "./remote-node.ts";

/** How frames get there. [MESH-5] */
type Route =
  | { readonly name: "new" }
  | { readonly name: "direct"; readonly link: LiveLink }
  | { readonly name: "carried"; readonly carrier: LiveLink }
  /** From the carrier to the link: flush has been sent, and frames are held. [MESH-5.4] */
  | {
      readonly name: "moving";
      readonly carrier: LiveLink;
      readonly link: LiveLink;
      readonly token: number;
      readonly held: HeldFrames;
      readonly over: PromiseWithResolvers<void>;
      readonly cancel: Cancel;
    }
  | { readonly name: "down" };

const NEXT_ROUTES: Readonly<Record<Route["name"], readonly Route["name"][]>> = {
  new: ["direct", "carried"],
  direct: ["direct", "carried", "down"],
  carried: ["carried", "moving", "direct", "down"],
  moving: ["moving", "direct", "carried", "down"],
  down: [],
};

export interface ReachableNodeOptions {
  readonly handler: RemoteNodeHandler;
  readonly limits: Pick<MeshLimits, "meshQueueBytesMax" | "meshHighWaterBytes">;
  readonly clock: Clock;
  /** Greater each time, over all nodes. [MESH-5.3] */
  readonly nextSerial: () => number;
  /** Called before the handler hears that it is down. */
  readonly onOver: (node: ReachableNode) => void;
}

/** Another node, and the way there. */
export class ReachableNode implements RemoteNode {
  readonly name: string;
  readonly instance: string;
  readonly incarnation: number;
  readonly #options: ReachableNodeOptions;
  readonly #instanceBytes: Uint8Array;
  /** No topic has a space, so that it never meets one of the carrier's own. */
  readonly #order: string;
  #route: Route = { name: "new" };
  /** The link that brings its frames, its own or a carrier's; `undefined` before open. [MESH-5.3] */
  #inbound: LiveLink | undefined;
  #inboundSerial = -1;
  /** Whether all that it sent by the present way has come, because flush came behind it. */
  #isInboundFlushed = false;

  constructor({ name, instance, incarnation }: NodeIdentity, options: ReachableNodeOptions) {
    this.name = name;
    this.instance = instance;
    this.incarnation = incarnation;
    this.#options = options;
    this.#instanceBytes = Uint8Array.fromHex(instance);
    this.#order = `to ${instance}`;
  }

  get inbound(): LiveLink | undefined {
    return this.#inbound;
  }

  /** Of the last open that was believed. */
  get inboundSerial(): number {
    return this.#inboundSerial;
  }

  get isDown(): boolean {
    return this.#route.name === "down";
  }

  /** The link that frames for it go over now. */
  get outbound(): LiveLink | undefined {
    const route = this.#route;
    switch (route.name) {
      case "direct":
        return route.link;
      case "carried":
      case "moving":
        return route.carrier;
      case "new":
      case "down":
        return undefined;
    }
  }

  get via(): string | undefined {
    return this.#route.name === "direct" ? undefined : this.outbound?.peer.name;
  }

  get rttMs(): number | undefined {
    return this.#route.name === "direct" ? this.#route.link.link.rttMs : undefined;
  }

  get queuedBytes(): number {
    const route = this.#route;
    return route.name === "moving" ? route.held.bytes : (this.outbound?.link.queuedBytes ?? 0);
  }

  get hasRoom(): boolean {
    const route = this.#route;
    if (route.name === "direct") return route.link.link.hasRoom;
    if (route.name === "moving") return route.held.bytes < this.#options.limits.meshHighWaterBytes;
    return this.outbound?.link.hasRoom ?? true;
  }

  async drained(): Promise<void> {
    while (!this.hasRoom) {
      const route = this.#route;
      if (route.name === "moving") await route.over.promise;
      else await this.outbound?.link.drained();
      // A link that is down says that it is drained.
      if (this.#route === route) return;
    }
  }

  sendMessage(frame: Uint8Array, order: string): boolean {
    const route = this.#route;
    if (route.name === "direct") return route.link.link.sendMessage(frame, order);
    if (route.name === "carried") return this.#carry(route.carrier, frame);
    return route.name === "moving" && route.held.push(frame, order);
  }

  sendControl(frame: Uint8Array): void {
    const route = this.#route;
    if (route.name === "direct") route.link.link.sendControl(frame);
    else if (route.name === "carried") this.#carryControl(route.carrier, frame);
    else if (route.name === "moving" && !route.held.push(frame, undefined)) {
      // Held no longer, because it must arrive.
      this.#endMove({ isFlushed: false });
      this.sendControl(frame);
    }
  }

  /** There is a link; at once where nothing can be under way to the node, else after what is. */
  onLinkUp(link: LiveLink): void {
    const route = this.#route;
    link.node = this;
    if (route.name === "carried") {
      this.#move(route.carrier, link);
    } else if (route.name === "moving") {
      this.#enter({ ...route, link });
    } else {
      if (route.name === "direct") this.#options.handler.onRouteLost(this);
      this.#openLink(link);
    }
  }

  /** A peer carries from now on. [MESH-5.5] */
  carryBy(carrier: LiveLink): void {
    const route = { name: "carried", carrier } as const;
    this.#enter(route);
    this.#carryControl(carrier, encodeNumber("open", this.#options.nextSerial()));
    if (this.#route === route) this.#options.handler.onOpen(this);
  }

  /**
   * Frames over `link`, its own or a carrier's, reach the node no more, nor come from it. `next` can carry instead.
   */
  onLost(link: LiveLink, next: LiveLink | undefined): void {
    const route = this.#route;
    if (route.name === "moving" && route.link === link) {
      if (this.#forgetInbound(link)) this.#options.handler.onRouteLost(this);
      this.#stayCarried(route.carrier, route.held);
    } else if (route.name === "moving" && route.carrier === link) {
      this.#forgetInbound(link);
      this.#endMove({ isFlushed: false });
    } else if (this.outbound === link) {
      this.#forgetInbound(link);
      this.#goOver(next);
    } else if (this.#forgetInbound(link)) {
      // Its replies were on it.
      this.#options.handler.onRouteLost(this);
    }
  }

  /** Nothing leads there any more, or another has taken its place. */
  goDown(): void {
    if (this.isDown) return;
    this.#inbound = undefined;
    this.#enter({ name: "down" });
    this.#options.onOver(this);
    this.#options.handler.onDown(this);
  }

  /** The node has opened `from`: frames on other ways are late from now on. */
  acceptOpen(from: LiveLink, serial: number): void {
    const before = this.#inbound;
    const isComplete = before === undefined || before === from || this.#isInboundFlushed;
    this.#inbound = from;
    this.#inboundSerial = serial;
    this.#isInboundFlushed = false;
    // It lost its way, and with it what was under way from there.
    if (!isComplete) this.#options.handler.onRouteLost(this);
  }

  /** Flush came over `from`. [MESH-5.4] */
  onFlush(from: LiveLink, token: number): void {
    if (this.#inbound === from) this.#isInboundFlushed = true;
    const flushed = encodeNumber("flushed", token);
    if (from.instance === this.instance) from.link.sendMessage(flushed, this.#order);
    else this.#carry(from, flushed);
  }

  onFlushed(token: number): void {
    if (this.#route.name === "moving" && this.#route.token === token) {
      this.#endMove({ isFlushed: true });
    }
  }

  #move(carrier: LiveLink, link: LiveLink): void {
    const { nextSerial, limits, clock } = this.#options;
    const token = nextSerial();
    const bytesMax = limits.meshQueueBytesMax + FRAME_HEAD_BYTES_MAX;
    const held = new HeldFrames({ bytesMax, controlBytesMax: HELD_CONTROL_BYTES });
    const cancel = clock.after(HOLD_MS, () => this.#endMove({ isFlushed: false }));
    const over = Promise.withResolvers<void>();
    this.#enter({ name: "moving", carrier, link, token, held, cancel, over });
    // Behind all that was sent this way, large frames among it.
    if (!this.#carry(carrier, encodeNumber("flush", token))) this.#endMove({ isFlushed: false });
  }

  #endMove({ isFlushed }: { readonly isFlushed: boolean }): void {
    const route = this.#route;
    if (route.name !== "moving") return;
    if (!isFlushed) this.#options.handler.onRouteLost(this);
    if (this.#route === route) this.#openLink(route.link, route.held);
  }

  #openLink(link: LiveLink, held?: HeldFrames): void {
    const route = { name: "direct", link } as const;
    this.#enter(route);
    link.link.sendControl(encodeNumber("open", this.#options.nextSerial()));
    // What is held was sent before what `onOpen` will send.
    if (held !== undefined) this.#release(held, route);
    if (this.#route === route) this.#options.handler.onOpen(this);
  }

  /** The link went before it was opened; nothing is lost, but the other side must learn of it. [MESH-5.3] */
  #stayCarried(carrier: LiveLink, held: HeldFrames): void {
    const route = { name: "carried", carrier } as const;
    this.#enter(route);
    this.#release(held, route);
    if (this.#route === route) this.carryBy(carrier);
  }

  #release(held: HeldFrames, route: Route): void {
    for (const { frame, order } of held) {
      if (this.#route !== route) return;
      if (order === undefined) this.sendControl(frame);
      else this.sendMessage(frame, order);
    }
  }

  #goOver(next: LiveLink | undefined): void {
    if (next === undefined) {
      this.goDown();
      return;
    }
    this.#options.handler.onRouteLost(this);
    this.carryBy(next);
  }

  #forgetInbound(link: LiveLink): boolean {
    if (this.#inbound !== link) return false;
    this.#inbound = undefined;
    this.#isInboundFlushed = false;
    return true;
  }

  #carry(carrier: LiveLink, frame: Uint8Array): boolean {
    return carrier.link.sendMessage(encodeRelay(this.#instanceBytes, frame), this.#order);
  }

  #carryControl(carrier: LiveLink, frame: Uint8Array): void {
    const relay = encodeRelay(this.#instanceBytes, frame);
    // Its head may make it too large to be one of control.
    if (relay.length > SMALL_FRAME_BYTES_MAX) carrier.link.sendMessage(relay, this.#order);
    else carrier.link.sendControl(relay);
  }

  #enter(route: Route): void {
    const before = this.#route;
    if (!NEXT_ROUTES[before.name].includes(route.name)) {
      throw new Error(`the route to "${this.name}" cannot go from ${before.name} to ${route.name}`);
    }
    this.#route = route;
    if (before.name === "moving" && route.name !== "moving") {
      before.cancel();
      before.over.resolve();
    }
  }
}
