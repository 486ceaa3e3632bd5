import { AcceptorSetup } from "../../../mesh/link/acceptor-setup.ts";
import { DiallerSetup } from "../../../mesh/link/dialler-setup.ts";
import type { NodeIdentity, SetupOptions, SetupOutcome } from "../../../mesh/link/setup.ts";

export type Side = "dialler" | "acceptor";

/** Sees each frame on its way, by who sent it and its number; answers what arrives instead. */
export type Tap = (frame: Uint8Array, from: Side, number: number) => readonly Uint8Array[];

export interface PairOptions {
  readonly dialler?: Partial<SetupOptions>;
  readonly acceptor?: Partial<SetupOptions>;
  readonly tap?: Tap;
}

export const SECRET = "0c8dd3b0a1f54e7f9a55";
export const OTHER_SECRET = "e2b1d74690ac4d1fb3c8";
export const EXPORTER: Uint8Array = new Uint8Array(32).fill(7);
export const ALICE: NodeIdentity = { name: "alice", instance: "a1".repeat(16), incarnation: 11 };
export const BOB: NodeIdentity = { name: "bob", instance: "b2".repeat(16), incarnation: 22 };

/** A setup of one side, with what it has sent and what came of it. */
export interface Recorded<Machine> {
  readonly machine: Machine;
  readonly sent: Uint8Array[];
  readonly outcomes: SetupOutcome[];
  /** Who was asked about. */
  readonly asked: string[];
}

export function recordedDialler(changes: Partial<SetupOptions> = {}): Recorded<DiallerSetup> {
  const record = records();
  return { ...record, machine: new DiallerSetup(options("dialler", record, changes)) };
}

export function recordedAcceptor(changes: Partial<SetupOptions> = {}): Recorded<AcceptorSetup> {
  const record = records();
  return { ...record, machine: new AcceptorSetup(options("acceptor", record, changes)) };
}

/** Lets both sides talk until neither has anything more to say. */
export async function converse(pair: PairOptions = {}): Promise<{
  readonly dialler: Recorded<DiallerSetup>;
  readonly acceptor: Recorded<AcceptorSetup>;
}> {
  const dialler = recordedDialler(pair.dialler);
  const acceptor = recordedAcceptor(pair.acceptor);
  const tap = pair.tap ?? ((frame) => [frame]);
  dialler.machine.start();
  const seen = { dialler: 0, acceptor: 0 };
  while (seen.dialler < dialler.sent.length || seen.acceptor < acceptor.sent.length) {
    for (; seen.dialler < dialler.sent.length; seen.dialler += 1) {
      const frame = dialler.sent[seen.dialler] ?? new Uint8Array(0);
      tap(frame, "dialler", seen.dialler).forEach((frame) => acceptor.machine.receive(frame));
    }
    await decisions();
    for (; seen.acceptor < acceptor.sent.length; seen.acceptor += 1) {
      const frame = acceptor.sent[seen.acceptor] ?? new Uint8Array(0);
      tap(frame, "acceptor", seen.acceptor).forEach((frame) => dialler.machine.receive(frame));
    }
    await decisions();
  }
  return { dialler, acceptor };
}

/** Resolves when decisions that need no waiting have been made. */
export async function decisions(): Promise<void> {
  for (let hop = 0; hop < 8; hop += 1) {
    await Promise.resolve();
  }
}

function records(): Omit<Recorded<never>, "machine"> {
  return { sent: [], outcomes: [], asked: [] };
}

function options(
  side: Side,
  { sent, outcomes, asked }: Omit<Recorded<never>, "machine">,
  changes: Partial<SetupOptions>,
): SetupOptions {
  return {
    identity: side === "dialler" ? ALICE : BOB,
    cluster: "surf",
    secrets: [SECRET],
    exporter: EXPORTER,
    advertise: { host: `${side}.example`, port: 28_080 },
    observed: side === "dialler" ? "10.0.0.2" : "10.0.0.1",
    decide: (peer) => {
      asked.push(peer.name);
      return undefined;
    },
    send: (frame) => {
      sent.push(frame);
    },
    onOutcome: (outcome) => {
      outcomes.push(outcome);
    },
    ...changes,
  };
}
