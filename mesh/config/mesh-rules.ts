/** The section `[mesh]`, but for the secrets: see `mesh-secrets.ts`. */

import { isIP } from "node:net";
import * as v from "valibot";
import { type Address, formatAddress, normalizeHost, parseAddress } from "../../src/index.ts";
import { errorText } from "../error-text.ts";
import { printable, shortened } from "../printable.ts";
import type { MeshConfig } from "./config.ts";
import {
  LIST,
  NAME,
  ONE_VALUE,
  PATH_OR_NONE,
  type Problem,
  valid,
  type WrittenSections,
} from "./rule-kinds.ts";

const PORT_DEFAULT = 28_080;
/** A few that are usually up are enough: the rest is learned from them. */
const PEERS_MAX = 64;
const NOT_DIALLED = "none";
/** Stands for the port that the node listens on. */
const OWN_PORT = 0;

type Schema<Value> = v.GenericSchema<unknown, Value>;

/** No interface, because the schema of an object asks for an index. */
type MeshEntrySchemas = {
  readonly cluster: Schema<string>;
  readonly secret: Schema<string | string[] | undefined>;
  readonly secret_file: Schema<string | undefined>;
  readonly peers: Schema<string[]>;
  readonly advertise: Schema<string>;
  readonly tls_cert: Schema<string | undefined>;
  readonly tls_key: Schema<string | undefined>;
  readonly tls_ca: Schema<string | undefined>;
};

/** The keys of the section. */
export const MESH_ENTRIES: MeshEntrySchemas = {
  cluster: v.optional(NAME, "main"),
  // Judged where they are gathered. A secret may hold commas, so it is no list in one line.
  secret: v.optional(v.union([v.string(), v.array(v.string())])),
  secret_file: PATH_OR_NONE,
  peers: v.optional(LIST, ""),
  advertise: v.optional(v.string(ONE_VALUE), ""),
  tls_cert: PATH_OR_NONE,
  tls_key: PATH_OR_NONE,
  tls_ca: PATH_OR_NONE,
};

type MeshEntries = v.InferOutput<v.ObjectSchema<MeshEntrySchemas, undefined>>;

/** The mesh but for its secrets, of keys without problems. */
export function meshOf(entries: MeshEntries, serverHost: string): Omit<MeshConfig, "secrets"> {
  const { tls_cert: certPath, tls_key: keyPath, tls_ca: caPath } = entries;
  return {
    cluster: entries.cluster,
    peers: peersOf(entries.peers),
    advertise: advertiseOf(entries.advertise, serverHost),
    tls: certPath && keyPath && caPath ? { certPath, keyPath, caPath } : undefined,
  };
}

export function meshProblems(written: WrittenSections, isOn: boolean): Problem[] {
  return [
    ...peerProblems(written),
    ...advertiseProblems(written),
    ...meshTlsProblems(written),
    ...(isOn ? serverTlsProblems(written) : []),
  ];
}

function peerProblems({ mesh }: WrittenSections): Problem[] {
  const keys = ["mesh.peers"];
  const entries = valid(MESH_ENTRIES.peers, mesh?.["peers"]) ?? [];
  if (entries.length > PEERS_MAX) {
    const text = `names ${entries.length} nodes, more than ${PEERS_MAX}; a few are enough, which tell of the others`;
    return [{ keys, text }];
  }
  return entries.flatMap((entry) => {
    const problem = addressProblem(entry);
    return problem === undefined ? [] : [{ keys, text: `is mistaken: ${problem}` }];
  });
}

function advertiseProblems({ mesh }: WrittenSections): Problem[] {
  const keys = ["mesh.advertise"];
  const written = valid(MESH_ENTRIES.advertise, mesh?.["advertise"])?.trim() ?? "";
  if (written === "" || isNotDialled(written)) return [];
  const problem = addressProblem(written);
  if (problem !== undefined) return [{ keys, text: `is mistaken: ${problem}` }];
  if (isUnspecified(parseAddress(written, OWN_PORT).host)) {
    const text =
      "must be an address at which other nodes reach this one, not one that means all interfaces; " +
      "leave it out to advertise the address that they see";
    return [{ keys, text }];
  }
  return [];
}

/** All three files, or none. */
function meshTlsProblems({ mesh = {} }: WrittenSections): Problem[] {
  const keys = ["tls_cert", "tls_key", "tls_ca"];
  const given = keys.filter((key) => mesh[key] !== undefined && mesh[key] !== "");
  const missing = keys.filter((key) => !given.includes(key));
  if (given.length === 0 || missing.length === 0) return [];
  return [{ keys: [`mesh.${given[0]}`], text: `needs ${missing.join(" and ")} as well` }];
}

function serverTlsProblems({ server = {} }: WrittenSections): Problem[] {
  if (!server["tls_cert"] && !server["tls_key"]) return [];
  const text =
    "cannot be set where there is a mesh: links encrypt themselves, but begin on the plain port; " +
    "remove tls_cert and tls_key, or the mesh";
  return [{ keys: ["server.tls_cert", "server.tls_key"], text }];
}

function peersOf(entries: readonly string[]): Address[] {
  const peers = new Map<string, Address>();
  for (const entry of entries) {
    if (addressProblem(entry) !== undefined) continue;
    const address = parseAddress(entry, PORT_DEFAULT);
    // Written twice, it is dialled once.
    peers.set(formatAddress({ ...address, host: normalizeHost(address.host) }), address);
  }
  return [...peers.values()];
}

function advertiseOf(written: string, serverHost: string): Address | undefined {
  const text = written.trim();
  if (isNotDialled(text)) return undefined;
  if (text !== "" && addressProblem(text) === undefined) return parseAddress(text, OWN_PORT);
  const isOneAddress = isIP(serverHost) !== 0 && !isUnspecified(serverHost);
  return { host: isOneAddress ? serverHost : "", port: OWN_PORT };
}

/** As host names, in any case: nobody means a machine called None. */
function isNotDialled(written: string): boolean {
  return written.toLowerCase() === NOT_DIALLED;
}

function isUnspecified(host: string): boolean {
  return ["0.0.0.0", "::"].includes(normalizeHost(host));
}

/** What is wrong with it, naming it; undefined if nothing is. */
function addressProblem(text: string): string | undefined {
  try {
    parseAddress(text, PORT_DEFAULT);
    return undefined;
  } catch (error) {
    return printable(shortened(errorText(error), 256));
  }
}
