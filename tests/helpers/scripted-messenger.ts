import type { RemoteNode } from "../../mesh/cluster/remote-node.ts";
import { Messaging } from "../../mesh/messaging/messaging.ts";
import type { MeshRequestOptions } from "../../mesh/messaging/messenger.ts";

/** A request that a {@link ScriptedMessenger} was asked. */
export interface Asked {
  readonly node: string;
  readonly service: string;
  readonly payload: unknown;
  readonly options: MeshRequestOptions;
}

const PUBLISH = 0x28;

/** The other node that there seems to be. */
const OTHER: RemoteNode = {
  name: "surf-2",
  instance: "00112233445566778899aabbccddeeff",
  incarnation: 1,
  via: undefined,
  rttMs: 1,
  isDown: false,
  hasRoom: true,
  drained: () => Promise.resolve(),
  sendControl: () => {},
  sendMessage: () => true,
};

/** The messaging of the node "surf", whose requests are answered by the test. */
export class ScriptedMessenger extends Messaging {
  readonly asked: Asked[] = [];
  /** What a request comes to; `undefined` leaves it to the services of the node. */
  answer: ((asked: Asked) => unknown) | undefined;
  /** What `publish` says. */
  hasRoom = true;

  constructor() {
    const fail = (error: unknown): never => {
      throw error;
    };
    super({ nodeName: "surf", onCallbackError: fail, onHandlerError: () => {} });
  }

  /** Subscriptions that are open. */
  get subscriptions(): number {
    return this.status().subscriptions;
  }

  override publish(topic: string, payload: unknown): boolean {
    super.publish(topic, payload);
    return this.hasRoom;
  }

  override async request(
    node: string,
    service: string,
    payload: unknown,
    options: MeshRequestOptions = {},
  ): Promise<unknown> {
    const asked = { node, service, payload, options };
    this.asked.push(asked);
    if (this.answer === undefined) return super.request(node, service, payload, options);
    return this.answer(asked);
  }

  /** A message from another node that says it is MessagePack. [MESH-7.2] */
  receive(topic: string, payload: Uint8Array): void {
    this.onOpen(OTHER);
    this.onOpened(OTHER);
    const name = Buffer.from(topic);
    const head = Buffer.from([1, 0, name.length]);
    const body = Buffer.concat([head, name, Buffer.from([0]), payload]);
    const problem = this.onFrame(OTHER, PUBLISH, body, 0, body.length);
    if (problem !== undefined) throw new Error(problem);
  }
}
