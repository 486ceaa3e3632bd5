import { type DiallerHello, LINK_VERSION, type LinkDetails } from "./frame-bodies.ts";
import {
  decodeConfirm,
  decodeDiallerHello,
  decodeProofs,
  encodeAcceptorHello,
  encodeRefused,
  encodeWelcome,
  frameType,
  LinkFrameType,
} from "./frames.ts";
import { LinkError } from "./link-error.ts";
import { computeProof, matchingKey, type Transcript } from "./proof.ts";
import { deriveKey } from "./secret.ts";
import {
  ABORT_TEXTS,
  type AbortReason,
  failure,
  failureOf,
  identityOf,
  type NodeIdentity,
  objectionTo,
  peerOf,
  prepare,
  refusedByUs,
  type SetupOptions,
  type SetupOutcome,
  type SetupRefused,
  tried,
} from "./setup.ts";

type State =
  | { readonly name: "awaiting_hello" }
  /** A hello that cannot be used is kept as what is wrong with it. */
  | { readonly name: "awaiting_proof"; readonly hello: DiallerHello | LinkError }
  | { readonly name: "deciding" }
  | { readonly name: "awaiting_confirm"; readonly peer: NodeIdentity }
  | { readonly name: "over" };

const NEXT_STATES: Readonly<Record<State["name"], readonly State["name"][]>> = {
  awaiting_hello: ["awaiting_proof", "over"],
  awaiting_proof: ["deciding", "over"],
  deciding: ["awaiting_confirm", "over"],
  awaiting_confirm: ["over"],
  over: [],
};

/** What a dialler that has not proved itself is told, whatever is wrong. [MESH-1.6] */
const UNAUTHENTICATED: Uint8Array = encodeRefused({
  code: "unauthenticated",
  text: "authentication failed",
});

/** The side that took the connection. It says nothing of worth to who has not proved itself. */
export class AcceptorSetup {
  readonly #options: SetupOptions;
  readonly #hello: DiallerHello;
  readonly #details: LinkDetails;
  #state: State = { name: "awaiting_hello" };

  /** @throws {CcpError} `invalid_option` */
  constructor(options: SetupOptions) {
    const { hello, details } = prepare(options);
    this.#options = options;
    this.#hello = hello;
    this.#details = details;
  }

  /** Answers whether the frame was one of set-up; once that is over, none is. */
  receive(frame: Uint8Array): boolean {
    const state = this.#state;
    switch (state.name) {
      case "awaiting_hello":
        this.#onHello(frame);
        return true;
      case "awaiting_proof":
        this.#onProof(frame, state.hello);
        return true;
      case "deciding":
        this.#finish(failure("frame_unexpected", "a frame came before it was its turn"));
        return true;
      case "awaiting_confirm":
        this.#onConfirm(frame, state.peer);
        return true;
      case "over":
        return false;
    }
  }

  /** The connection cannot go on. Who has not proved itself is told what it always is. [MESH-1.6] */
  abort(reason: AbortReason): void {
    if (this.#state.name === "over") return;
    const isProved = this.#state.name === "deciding" || this.#state.name === "awaiting_confirm";
    const isTold = !isProved && reason !== "closed";
    this.#finish(failure(reason, ABORT_TEXTS[reason]), isTold ? UNAUTHENTICATED : undefined);
  }

  /**
   * Any hello is answered, so that a dialler of another version learns of this one's, and a bad one is
   * refused where a wrong secret is: after the proof.
   */
  #onHello(frame: Uint8Array): void {
    const type = tried(frameType, frame);
    const hello = tried(decodeDiallerHello, frame);
    if (hello instanceof LinkError && type !== LinkFrameType.hello) {
      this.#verify(hello, []);
      this.#finish(failureOf(hello), UNAUTHENTICATED);
      return;
    }
    this.#enter({ name: "awaiting_proof", hello });
    this.#options.send(encodeAcceptorHello(this.#hello));
  }

  #onProof(frame: Uint8Array, hello: DiallerHello | LinkError): void {
    const proofs = tried(decodeProofs, frame);
    // Also where the outcome is known, so that the time it takes tells nothing.
    const verified = this.#verify(hello, proofs instanceof LinkError ? [] : proofs);
    if (hello instanceof LinkError) {
      this.#finish(failureOf(hello), UNAUTHENTICATED);
    } else if (proofs instanceof LinkError) {
      this.#finish(failureOf(proofs), UNAUTHENTICATED);
    } else if (verified === undefined) {
      const text = `"${hello.name}" did not prove that it knows the cluster secret`;
      this.#finish(failure("wrong_proof", text), UNAUTHENTICATED);
    } else {
      this.#enter({ name: "deciding" });
      void this.#decide(hello, verified);
    }
  }

  /** The proof to answer with, under the dialler's own secret; undefined if it knows none. [MESH-1.5] */
  #verify(hello: DiallerHello | LinkError, proofs: readonly Uint8Array[]): Uint8Array | undefined {
    // In place of a hello that there is not, one of the usual length; its result is not looked at.
    const dialler = hello instanceof LinkError ? this.#hello : hello;
    const transcript: Transcript = {
      version: LINK_VERSION,
      cluster: dialler.cluster,
      dialler,
      acceptor: this.#hello,
      exporter: this.#options.exporter,
    };
    const keys = this.#options.secrets.map((secret) => deriveKey(secret, dialler.cluster));
    const key = matchingKey(keys, proofs, { role: "dialler", transcript });
    return key && computeProof(key, "acceptor", transcript);
  }

  async #decide(hello: DiallerHello, proof: Uint8Array): Promise<void> {
    const peer = identityOf(hello);
    const objection = this.#otherCluster(hello) ?? (await objectionTo(peer, this.#options));
    // The set-up may have been aborted meanwhile.
    if (this.#state.name !== "deciding") return;
    if (objection?.kind === "refused") {
      this.#finish(objection, encodeRefused(objection));
    } else if (objection !== undefined) {
      this.#finish(objection);
    } else {
      this.#enter({ name: "awaiting_confirm", peer });
      this.#options.send(encodeWelcome({ proof, details: this.#details }));
    }
  }

  #otherCluster({ name, cluster }: DiallerHello): SetupRefused | undefined {
    if (cluster === this.#options.cluster) return undefined;
    const text = `"${name}" is of cluster "${cluster}", and "${this.#hello.name}" of "${this.#options.cluster}"`;
    return refusedByUs({ code: "other_cluster", text });
  }

  #onConfirm(frame: Uint8Array, peer: NodeIdentity): void {
    const details = tried(decodeConfirm, frame);
    if (details instanceof LinkError) this.#finish(failureOf(details));
    else this.#finish({ kind: "up", peer: peerOf(peer, details, this.#options.observed) });
  }

  #finish(outcome: SetupOutcome, lastFrame?: Uint8Array): void {
    this.#enter({ name: "over" });
    if (lastFrame !== undefined) this.#options.send(lastFrame);
    this.#options.onOutcome(outcome);
  }

  #enter(state: State): void {
    if (!NEXT_STATES[this.#state.name].includes(state.name)) {
      throw new Error(`an acceptor's set-up cannot go from ${this.#state.name} to ${state.name}`);
    }
    this.#state = state;
  }
}
