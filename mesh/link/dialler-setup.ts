import { printable } from "../printable.ts";
import { type DiallerHello, LINK_VERSION, type LinkDetails, type Welcome } from "./frame-bodies.ts";
import {
  decodeAcceptorHello,
  decodeRefused,
  decodeWelcome,
  encodeConfirm,
  encodeDiallerHello,
  encodeProofs,
  frameType,
  LinkFrameType,
} from "./frames.ts";
import { LinkError } from "./link-error.ts";
import { type Claim, computeProof, matchingKey, type Transcript } from "./proof.ts";
import { deriveKey } from "./secret.ts";
import {
  ABORT_TEXTS,
  type AbortReason,
  failure,
  failureOf,
  identityOf,
  objectionTo,
  peerOf,
  prepare,
  type SetupOptions,
  type SetupOutcome,
  tried,
} from "./setup.ts";

type State =
  | { readonly name: "new" }
  | { readonly name: "awaiting_hello" }
  | { readonly name: "awaiting_welcome"; readonly transcript: Transcript }
  | { readonly name: "deciding" }
  | { readonly name: "over" };

const NEXT_STATES: Readonly<Record<State["name"], readonly State["name"][]>> = {
  new: ["awaiting_hello", "over"],
  awaiting_hello: ["awaiting_welcome", "over"],
  awaiting_welcome: ["deciding", "over"],
  deciding: ["over"],
  over: [],
};

/** The side that opened the connection. It proves itself first. [MESH-1.3] */
export class DiallerSetup {
  readonly #options: SetupOptions;
  readonly #hello: DiallerHello;
  readonly #details: LinkDetails;
  readonly #keys: readonly Uint8Array[];
  #state: State = { name: "new" };

  /** @throws {CcpError} `invalid_option` */
  constructor(options: SetupOptions) {
    const { hello, details } = prepare(options);
    this.#options = options;
    this.#hello = hello;
    this.#details = details;
    this.#keys = options.secrets.map((secret) => deriveKey(secret, options.cluster));
  }

  /** To be called once TLS is up. */
  start(): void {
    if (this.#state.name !== "new") return;
    this.#enter({ name: "awaiting_hello" });
    this.#options.send(encodeDiallerHello(this.#hello));
  }

  /** Answers whether the frame was one of set-up; once that is over, none is. */
  receive(frame: Uint8Array): boolean {
    const state = this.#state;
    switch (state.name) {
      case "awaiting_hello":
        this.#onAnswer(frame, () => this.#onHello(frame));
        return true;
      case "awaiting_welcome":
        this.#onAnswer(frame, () => this.#onWelcome(frame, state.transcript));
        return true;
      case "new":
      case "deciding":
        this.#finish(failure("frame_unexpected", "a frame came before it was its turn"));
        return true;
      case "over":
        return false;
    }
  }

  /** The connection cannot go on. */
  abort(reason: AbortReason): void {
    if (this.#state.name !== "over") this.#finish(failure(reason, ABORT_TEXTS[reason]));
  }

  /** Whatever it waits for, it may be refused instead. */
  #onAnswer(frame: Uint8Array, onFrame: () => void): void {
    const type = tried(frameType, frame);
    if (type instanceof LinkError) this.#finish(failureOf(type));
    else if (type === LinkFrameType.refused) this.#onRefused(frame);
    else onFrame();
  }

  #onRefused(frame: Uint8Array): void {
    const refusal = tried(decodeRefused, frame);
    if (refusal instanceof LinkError) {
      this.#finish(failureOf(refusal));
      return;
    }
    const state = this.#state;
    if (refusal.code !== "unauthenticated" && state.name === "awaiting_hello") {
      // [MESH-1.7]: who has seen no proof yet has no reason to give.
      const text = `refused as ${refusal.code} by a side that has seen no proof`;
      this.#finish(failure("frame_unexpected", text));
      return;
    }
    const { code, text } = refusal;
    const refused = { kind: "refused", by: "peer", code, text: printable(text) } as const;
    const isOfLink = code === "duplicate_link" && state.name === "awaiting_welcome";
    this.#finish(isOfLink ? { ...refused, claimed: state.transcript.acceptor.instance } : refused);
  }

  #onHello(frame: Uint8Array): void {
    const acceptor = tried(decodeAcceptorHello, frame);
    if (acceptor instanceof LinkError) {
      this.#finish(failureOf(acceptor));
      return;
    }
    const { cluster, exporter } = this.#options;
    const dialler = this.#hello;
    const transcript = { version: LINK_VERSION, cluster, dialler, acceptor, exporter };
    this.#enter({ name: "awaiting_welcome", transcript });
    const proofs = this.#keys.map((key) => computeProof(key, "dialler", transcript));
    this.#options.send(encodeProofs(proofs));
  }

  #onWelcome(frame: Uint8Array, transcript: Transcript): void {
    const welcome = tried(decodeWelcome, frame);
    if (welcome instanceof LinkError) {
      this.#finish(failureOf(welcome));
      return;
    }
    if (matchingKey(this.#keys, [welcome.proof], { role: "acceptor", transcript }) === undefined) {
      // [MESH-1.6]: nothing is said to it.
      const text = "the other side did not prove that it knows the cluster secret";
      this.#finish(failure("wrong_proof", text));
      return;
    }
    this.#enter({ name: "deciding" });
    void this.#decide(welcome, transcript.acceptor);
  }

  async #decide({ details }: Welcome, acceptor: Claim): Promise<void> {
    const peer = peerOf(identityOf(acceptor), details, this.#options.observed);
    const objection = await objectionTo(identityOf(acceptor), this.#options);
    // The set-up may have been aborted meanwhile.
    if (this.#state.name !== "deciding") return;
    // [MESH-2.2]: what it does not want, it closes without a word.
    if (objection !== undefined) this.#finish(objection);
    else this.#finish({ kind: "up", peer }, encodeConfirm(this.#details));
  }

  #finish(outcome: SetupOutcome, lastFrame?: Uint8Array): void {
    this.#enter({ name: "over" });
    if (lastFrame !== undefined) this.#options.send(lastFrame);
    this.#options.onOutcome(outcome);
  }

  #enter(state: State): void {
    if (!NEXT_STATES[this.#state.name].includes(state.name)) {
      throw new Error(`a dialler's set-up cannot go from ${this.#state.name} to ${state.name}`);
    }
    this.#state = state;
  }
}
