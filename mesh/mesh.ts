/** What joins a node to the others of its cluster: its identity, its links, and the ways over them. */

import { readFileSync } from "node:fs";
import {
  type Address,
  type Endpoint,
  formatAddress,
  type Registration,
  type UpgradeTls,
} from "../src/index.ts";
import { Cluster } from "./cluster/cluster.ts";
import type { RemoteNodeHandler } from "./cluster/remote-node.ts";
import type { MeshConfig, MeshTlsFiles, NodeConfig } from "./config/config.ts";
import { errorText } from "./error-text.ts";
import { createIdentity } from "./identity.ts";
import { TlsLinkConnector } from "./link/link-connector.ts";
import type { NodeIdentity } from "./link/setup.ts";
import type { Logger } from "./log.ts";
import type { MeshLimits } from "./mesh-limits.ts";
import { NodeError } from "./node-error.ts";
import { type MeshStatus, peerStatusOf } from "./status.ts";

/** What can be made before the node listens, and can fail. */
export interface MeshParts {
  readonly config: NodeConfig & { readonly mesh: MeshConfig };
  readonly identity: NodeIdentity;
  readonly tls: UpgradeTls | undefined;
}

export interface MeshOptions extends MeshParts {
  readonly endpoint: Endpoint;
  /** Hears of other nodes, and of what they send. */
  readonly handler: RemoteNodeHandler;
  readonly log: Logger;
}

export class Mesh {
  readonly #cluster: Cluster;
  readonly #connector: TlsLinkConnector;
  readonly #registration: Registration;
  readonly #identity: NodeIdentity;
  readonly #clusterName: string;
  readonly #limits: MeshLimits;
  readonly #log: Logger;
  readonly #isDialable: boolean;
  /** What can change while it runs. */
  #changeable: Pick<MeshConfig, "peers" | "secrets">;

  /**
   * To be done before the endpoint listens, so that whoever dials it finds the mesh there. `undefined` where
   * the config speaks of none.
   *
   * @throws {NodeError} `data_unusable`, `tls_unusable`
   */
  static async prepare(config: NodeConfig, log: Logger): Promise<MeshParts | undefined> {
    const { node, mesh } = config;
    if (mesh === undefined) return undefined;
    const tls = mesh.tls && readTls(mesh.tls);
    const { identity, warning } = await createIdentity({ name: node.name, dataFolder: node.data });
    if (warning !== undefined) log.warn(warning);
    return { config: { ...config, mesh }, identity, tls };
  }

  /** Takes links and dials from now on. */
  constructor({ config, identity, tls, endpoint, handler, log }: MeshOptions) {
    const { mesh, meshLimits: limits } = config;
    const advertise = mesh.advertise && withPort(mesh.advertise, endpoint.port);
    this.#identity = identity;
    this.#clusterName = mesh.cluster;
    this.#limits = limits;
    this.#log = log;
    this.#isDialable = advertise !== undefined;
    this.#changeable = mesh;
    this.#cluster = new Cluster({ identity, advertise, seeds: mesh.peers, limits, handler, log });
    this.#connector = new TlsLinkConnector({
      identity,
      cluster: mesh.cluster,
      secrets: mesh.secrets,
      advertise,
      limits,
      policy: this.#cluster,
      tls,
      onInternalError: (error) => {
        log.error("a link was closed by a mistake in ccp-mesh; please report it", { error });
      },
    });
    this.#registration = this.#connector.register(endpoint);
    this.#cluster.start(this.#connector);
    log.info("joining the mesh", {
      cluster: mesh.cluster,
      incarnation: identity.incarnation,
      peers: peersText(mesh.peers),
      advertise: advertiseText(advertise),
    });
    this.#warnIfAlone(mesh.peers);
  }

  /** What can change while it runs: whom it dials, and its secrets. */
  reconfigure({ peers, secrets }: MeshConfig): void {
    const before = this.#changeable;
    this.#changeable = { peers, secrets };
    this.#connector.setSecrets(secrets);
    this.#cluster.setSeeds(peers);
    // Whoever changes a secret on many nodes has to know which have it already.
    if (!Bun.deepEquals(before.secrets, secrets)) {
      this.#log.info("the secrets of the mesh have changed", { secrets: secrets.length });
    }
    if (!Bun.deepEquals(before.peers, peers)) {
      this.#log.info("the peers of the mesh have changed", { peers: peersText(peers) });
      this.#warnIfAlone(peers);
    }
  }

  status(): MeshStatus {
    return {
      cluster: this.#clusterName,
      instance: this.#identity.instance,
      incarnation: this.#identity.incarnation,
      peers: this.#cluster.status().map(peerStatusOf),
      limits: this.#limits,
    };
  }

  /** Tells the peers, and closes every link. */
  async stop(): Promise<void> {
    this.#registration.remove();
    await this.#cluster.stop();
  }

  #warnIfAlone(peers: readonly Address[]): void {
    if (this.#isDialable || peers.length > 0) return;
    this.#log.warn(
      "this node dials nobody, and tells nobody where to dial it; name others in [mesh] peers",
    );
  }
}

/** What can change without a restart, taken out. */
export function fixedPart(mesh: MeshConfig | undefined): unknown {
  if (mesh === undefined) return undefined;
  const { peers: _peers, secrets: _secrets, ...rest } = mesh;
  return rest;
}

function withPort({ host, port }: Address, ownPort: number): Address {
  return { host, port: port === 0 ? ownPort : port };
}

function peersText(peers: readonly Address[]): string {
  return peers.map(formatAddress).join(", ") || "none; others must dial this node";
}

function advertiseText(advertise: Address | undefined): string {
  if (advertise === undefined) return "nothing: this node dials, and is not dialled";
  if (advertise.host === "") return `port ${advertise.port} at the address that others see`;
  return formatAddress(advertise);
}

function readTls({ certPath, keyPath, caPath }: MeshTlsFiles): UpgradeTls {
  const read = (key: string, path: string): string => {
    try {
      return readFileSync(path, "utf8");
    } catch (cause) {
      const text = `[mesh] ${key} cannot be read: ${errorText(cause)}`;
      throw new NodeError("tls_unusable", text, { cause });
    }
  };
  return {
    cert: read("tls_cert", certPath),
    key: read("tls_key", keyPath),
    ca: read("tls_ca", caPath),
  };
}
