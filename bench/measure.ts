/** What a measure is. Each stands in a file of its own in `measures/`, and in the list there. */

/** Whose figures they are: ccp-mesh's, or those of bare sockets that move the same bytes, or a bare file that keeps them. */
export const SIDES = ["ccp", "bare"] as const;
export type Side = (typeof SIDES)[number];

export type Unit =
  | "messages/s"
  | "requests/s"
  | "connections/s"
  | "events/s"
  | "us"
  | "ms"
  | "bytes";

/**
 * What ccp-mesh's figure divided by the bare one is to reach; or what its own figure is to reach or to stay below,
 * in the row's unit.
 */
export type Target =
  | { readonly atLeast: number }
  | { readonly atMost: number }
  | { readonly figureAtLeast: number }
  | { readonly figureBelow: number };

/** One figure that a run gives, and so one row of the table. */
export interface Row {
  readonly label: string;
  readonly unit: Unit;
  /** Bytes of data that each thing counted carries: then the figure is given in MB/s as well. */
  readonly dataBytes?: number;
  readonly target?: Target;
}

/** What the child process serves, as `serve` hands it out. */
export interface Service {
  readonly port: number;
  /** Connections open now. */
  connections(): number;
}

export interface ServerStatus {
  readonly rssBytes: number;
  readonly connections: number;
}

/** The child process, as `run` sees it. */
export interface Server {
  readonly port: number;
  /** What the child says of itself; with `collect`, after it has collected its garbage. */
  status(options?: { readonly collect?: boolean }): Promise<ServerStatus>;
}

export interface Contender {
  /** Called once in the child process, which serves until it is killed. */
  serve(): Promise<Service> | Service;
  /** One run, in the parent process: a figure for each row, in their order. */
  run(server: Server): Promise<readonly number[]>;
}

export interface Measure extends Readonly<Record<Side, Contender>> {
  readonly name: string;
  readonly rows: readonly Row[];
  /** Every run gets a server that has seen none before. Default: each side keeps one. */
  readonly freshServers?: boolean;
  /** It takes minutes, and is left out unless it is asked for by name. */
  readonly isSlow?: boolean;
}
