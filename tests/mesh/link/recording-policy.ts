import type {
  AttemptFailure,
  LinkAttempt,
  LinkHandler,
  LinkPolicy,
  PeerLink,
} from "../../../mesh/link/peer-link.ts";
import type { LinkRefusal, NodeIdentity } from "../../../mesh/link/setup.ts";
import { RecordingHandler } from "./link-pair.ts";

/** Wants every link, unless the test says otherwise, and keeps what it is told. */
export class RecordingPolicy implements LinkPolicy {
  readonly asked: string[] = [];
  readonly ups: { readonly attempt: LinkAttempt; readonly link: PeerLink }[] = [];
  readonly failures: { readonly attempt: LinkAttempt; readonly failure: AttemptFailure }[] = [];
  readonly handler: RecordingHandler = new RecordingHandler();
  answer: () => LinkRefusal | undefined | Promise<LinkRefusal | undefined> = () => undefined;
  /** Called with each link, before anybody hears of it. */
  onEach: (link: PeerLink) => void = () => {};
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();

  decide(
    _attempt: LinkAttempt,
    peer: NodeIdentity,
  ): LinkRefusal | undefined | Promise<LinkRefusal | undefined> {
    this.asked.push(peer.name);
    return this.answer();
  }

  onUp(attempt: LinkAttempt, link: PeerLink): LinkHandler {
    this.ups.push({ attempt, link });
    this.#told();
    this.onEach(link);
    return this.handler;
  }

  onFailed(attempt: LinkAttempt, failure: AttemptFailure): void {
    this.failures.push({ attempt, failure });
    this.#told();
  }

  /** What came of each attempt: `up`, or the reason or code of its failure. */
  get outcomes(): string[] {
    const failed = this.failures.map(({ failure }) =>
      failure.kind === "failed" ? failure.reason : `${failure.code} by ${failure.by}`,
    );
    return [...this.ups.map(() => "up"), ...failed];
  }

  /** Resolves with the outcomes as soon as there are so many. */
  async told(count: number): Promise<string[]> {
    while (this.outcomes.length < count) await this.#wake.promise;
    return this.outcomes;
  }

  #told(): void {
    const wake = this.#wake;
    this.#wake = Promise.withResolvers();
    wake.resolve();
  }
}
