/** Another node, as those see it who send to it: the way there is the cluster's affair. [MESH-5] */

export interface RemoteNode {
  readonly name: string;
  readonly instance: string;
  readonly incarnation: number;
  /** The name of the peer that carries frames to it; `undefined` if there is a link. */
  readonly via: string | undefined;
  readonly rttMs: number | undefined;
  /** Whether nothing leads there any more. */
  readonly isDown: boolean;
  /** Whether less waits for it than the high-water mark. */
  readonly hasRoom: boolean;
  drained(): Promise<void>;
  /** Queues a node frame that must arrive as long as the way there lasts. */
  sendControl(frame: Uint8Array): void;
  /** Queues a node frame; answers `false` if it was dropped. See `PeerLink.sendMessage`. */
  sendMessage(frame: Uint8Array, order: string): boolean;
}

/** Who sends to other nodes, and hears of them. */
export interface RemoteNodeHandler {
  /** A way to the node was opened: what it is to know of this node is to be sent, then ready. [MESH-6.1] */
  onOpen(node: RemoteNode): void;
  /** The node has opened a way to this one: what it now says takes the place of what it said before. */
  onOpened(node: RemoteNode): void;
  /**
   * A node frame but for those of routes: its body is `chunk` from `start` to `end`. Answers what is wrong with it if it cannot
   * be read.
   */
  onFrame(
    node: RemoteNode,
    type: number,
    chunk: Buffer,
    start: number,
    end: number,
  ): string | undefined;
  /** The way was lost, and what was on it; there may be another already. */
  onRouteLost(node: RemoteNode): void;
  /** Nothing reaches the node any more. Called once, last. */
  onDown(node: RemoteNode): void;
}
