/** Empties a queue of events into a sink: in batches, again and again until each is confirmed or set aside. */

import { Backoff, type Cancel, type Clock, errorText, type Logger } from "../../index.ts";
import { Circuit } from "./delivery/circuit.ts";
import { Cuts } from "./delivery/cuts.ts";
import { Intake } from "./delivery/intake.ts";
import { Line } from "./delivery/line.ts";
import { Lot, type LotOptions } from "./delivery/lot.ts";
import { Refusals } from "./delivery/refusals.ts";
import { Scout } from "./delivery/scout.ts";
import { Sending, type SendOutcome } from "./delivery/sending.ts";
import type { DeliveryState, DeliveryStatus } from "./delivery/status.ts";
import { Tally } from "./delivery/tally.ts";
import { TroubleLog } from "./delivery/trouble-log.ts";
import type { EventQueue } from "./event-queue.ts";
import { BURIED_IN_ROW_MAX, CLOSE_GRACE_MS, type DeliverySettings } from "./limits.ts";
import type { SendResult, Sink } from "./sink.ts";

export interface DeliveryOptions {
  /** Of the node, and of the collector on it: they make the batches' keys. */
  readonly node: string;
  readonly collector: string;
  readonly queue: EventQueue;
  /** It is the owner's, who closes it after the delivery. */
  readonly sink: Sink;
  readonly settings: DeliverySettings;
  readonly log: Logger;
  readonly clock: Clock;
  /** Milliseconds since 1970. Replaced by tests alone. */
  readonly date?: () => number;
  readonly random?: () => number;
}

const KEEPS = `it refused ${BURIED_IN_ROW_MAX} events and took none, so no more are set aside until it takes one; those behind are tried one by one`;

type Life = "new" | "running" | "closed";

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #owner: string;
  readonly #random: () => number;
  readonly #circuit = new Circuit();
  readonly #line: Line;
  readonly #cuts: Cuts;
  readonly #intake: Intake;
  readonly #scout: Scout;
  readonly #refusals: Refusals;
  readonly #tally: Tally;
  readonly #troubles: TroubleLog;
  readonly #sendings = new Map<Sending, Promise<void>>();
  #life: Life = "new";
  #cancelTimer: Cancel = () => {};

  constructor(options: DeliveryOptions) {
    const { node, collector, queue, sink, settings, random = Math.random } = options;
    this.#options = options;
    this.#owner = `${node}:${collector}`;
    const batchEvents = Math.min(
      settings.batchEvents,
      sink.batchEventsMax ?? Number.POSITIVE_INFINITY,
    );
    this.#random = random;
    this.#line = new Line({ inOrder: settings.concurrency === 1 });
    this.#cuts = new Cuts(queue);
    this.#intake = new Intake({
      queue,
      cuts: this.#cuts,
      settings: { ...settings, batchEvents },
      random,
      onGarbage: (seq, reason) => void this.#bury(seq, reason),
      onFailed: (error) => this.#complain(queueText("read", error)),
    });
    this.#scout = new Scout(settings.retryMinMs);
    this.#refusals = new Refusals(settings.triesMax);
    this.#tally = new Tally(options.date ?? Date.now);
    this.#troubles = new TroubleLog(options.log);
  }

  /** Begins with what waits in the queue. */
  start(): void {
    if (this.#life !== "new") return;
    this.#life = "running";
    this.#pump();
  }

  /** So many events were appended to the queue. */
  wake(count = 1): void {
    const nowMs = this.#options.clock.now();
    if (this.#intake.appended(count, nowMs) && this.#life === "running") this.#pump();
  }

  /**
   * Stops. What is on its way may still arrive for a while; the rest stays in the queue. Resolves when nothing is on
   * its way any more.
   */
  async close(graceMs: number = CLOSE_GRACE_MS): Promise<void> {
    this.#life = "closed";
    this.#cancelTimer();
    const cancel = this.#options.clock.after(graceMs, () => {
      for (const sending of this.#sendings.keys()) sending.giveUp();
    });
    await Promise.all(this.#sendings.values());
    cancel();
  }

  get status(): DeliveryStatus {
    const state = this.#state;
    const isLate = state === "failing" || state === "open";
    const dueMs = isLate && this.#life === "running" ? this.#soonestMs() : Number.POSITIVE_INFINITY;
    const waitMs = Math.max(0, Math.ceil(dueMs - this.#options.clock.now()));
    return {
      state,
      ...this.#tally.counts,
      inFlight: this.#sendings.size,
      nextTryInMs: Number.isFinite(waitMs) ? waitMs : null,
    };
  }

  get #state(): DeliveryState {
    if (this.#circuit.isOpen) return "open";
    const isFailing = this.#circuit.failures > 0 || this.#intake.isFailing;
    if (isFailing || this.#line.hasUnsettled) return "failing";
    const isBusy = this.#line.length > 0 || Number.isFinite(this.#intake.dueMs);
    return isBusy && this.#life === "running" ? "sending" : "idle";
  }

  get #isFull(): boolean {
    const inFlightMax = this.#circuit.isOpen ? 1 : this.#options.settings.concurrency;
    return this.#sendings.size >= inFlightMax;
  }

  /** Sends all that can be sent now, and comes back when there is more. */
  #pump(): void {
    if (this.#life !== "running") return;
    this.#cancelTimer();
    for (let lot = this.#next(); lot !== undefined; lot = this.#next()) this.#send(lot);
    if (this.#isFull) return;
    const { clock } = this.#options;
    const dueMs = this.#soonestMs();
    if (!Number.isFinite(dueMs)) return;
    this.#cancelTimer = clock.after(Math.max(0, dueMs - clock.now()), () => this.#pump());
  }

  #next(): Lot | undefined {
    const nowMs = this.#options.clock.now();
    if (this.#isFull || nowMs < this.#circuit.notBeforeMs) return undefined;
    return this.#line.next(nowMs, this.#circuit.isOpen) ?? this.#cut(nowMs) ?? this.#ahead(nowMs);
  }

  /** When `next` may have one, unless something else happens. */
  #soonestMs(): number {
    const lineMs = this.#line.soonestMs(this.#circuit.isOpen);
    const intakeMs = this.#mayCut ? this.#intake.dueMs : Number.POSITIVE_INFINITY;
    return Math.max(this.#circuit.notBeforeMs, Math.min(lineMs, intakeMs, this.#aheadMs));
  }

  /** Those that failed take room in the line, so that no more overtake them than the rest of it holds. */
  get #mayCut(): boolean {
    if (this.#circuit.isOpen || this.#line.isAsideFull) return false;
    if (this.#scout.lot !== undefined) return false;
    return this.#line.length < this.#options.settings.concurrency;
  }

  #cut(nowMs: number): Lot | undefined {
    if (!this.#mayCut) return undefined;
    const after = this.#scout.comeBack();
    if (after !== undefined) this.#intake.rewind(after);
    const cut = this.#intake.take(nowMs);
    return cut && this.#newLot(cut);
  }

  /** All in hand were refused, and no more are taken in: one behind them may be of another kind. */
  get #mayScout(): boolean {
    return this.#line.isAsideFull && this.#refusals.isKeeping && !this.#circuit.isOpen;
  }

  /** When `#ahead` may have one. */
  get #aheadMs(): number {
    if (!this.#mayScout) return Number.POSITIVE_INFINITY;
    const known = this.#scout.lot ?? this.#line.untried;
    if (known?.state === "sending") return Number.POSITIVE_INFINITY;
    return Math.max(this.#scout.dueMs, known?.dueMs ?? 0);
  }

  /** One now and then, first of those that are in hand and were not refused alone yet. */
  #ahead(nowMs: number): Lot | undefined {
    if (nowMs < this.#aheadMs) return undefined;
    this.#scout.wait(nowMs);
    return this.#scout.lot ?? this.#line.untried ?? this.#cutOne(nowMs);
  }

  #cutOne(nowMs: number): Lot | undefined {
    const { after } = this.#intake;
    const cut = this.#intake.takeOne(nowMs);
    if (cut === undefined) return undefined;
    const lot = this.#newLot(cut);
    this.#scout.take(lot, after);
    return lot;
  }

  #newLot(cut: Pick<LotOptions, "events" | "end" | "isEven">): Lot {
    const newBackoff = () => this.#newBackoff();
    const lot = new Lot({ ...cut, owner: this.#owner, newBackoff });
    this.#line.add(lot);
    return lot;
  }

  #newBackoff(): Backoff {
    const { retryMinMs, retryMaxMs } = this.#options.settings;
    return new Backoff({ minMs: retryMinMs, maxMs: retryMaxMs, random: this.#random });
  }

  #send(lot: Lot): void {
    const { sink, settings, clock } = this.#options;
    lot.state = "sending";
    lot.sends += 1;
    if (lot.sends > 1) this.#tally.retried();
    const prepare = () => this.#note(lot);
    const { timeoutMs } = settings;
    const sending = new Sending({ prepare, sink, batch: lot, timeoutMs, clock });
    this.#sendings.set(sending, this.#follow(sending, lot));
  }

  /** What cannot be noted is sent all the same: a full disk must not keep events from those who would make room. */
  async #note(lot: Lot): Promise<void> {
    if (lot.isEven || lot.isNoted) return;
    try {
      await this.#cuts.keep(this.#line.lots);
    } catch (error) {
      this.#troubles.unnoted(errorText(error), this.#options.clock.now());
    }
  }

  async #follow(sending: Sending, lot: Lot): Promise<void> {
    const outcome = await sending.outcome;
    await this.#take(lot, outcome);
    this.#sendings.delete(sending);
    this.#pump();
  }

  async #take(lot: Lot, outcome: SendOutcome): Promise<void> {
    lot.state = "resting";
    switch (outcome.kind) {
      case "delivered":
        return await this.#onDelivered(lot);
      case "retry":
        return this.#onFailed(lot, outcome);
      case "refused":
        return await this.#onRefused(lot, outcome.text);
      case "given_up":
        return undefined;
    }
  }

  async #onDelivered(lot: Lot): Promise<void> {
    const { queue, sink } = this.#options;
    this.#onAnswer();
    this.#refusals.onTaken();
    this.#line.remove(lot);
    this.#tally.sent(lot.events.length);
    if (this.#scout.lot === lot) this.#onPassed(lot);
    if (!this.#line.hasUnsettled) this.#troubles.delivered(sink.where);
    await this.#settle("remove", () => queue.remove(lot.seqs));
  }

  /** It was not the receiver, but the events before this one. */
  #onPassed(lot: Lot): void {
    const { clock, settings } = this.#options;
    this.#scout.settled();
    this.#refusals.onPassed(lot);
    this.#line.hastenAside(clock.now() + settings.retryMinMs);
  }

  /** Whatever it said, it is there, and those who failed may try soon. */
  #onAnswer(): void {
    const { clock, settings } = this.#options;
    this.#circuit.answered();
    this.#line.hasten(clock.now() + settings.retryMinMs);
  }

  #onFailed(lot: Lot, { text, afterMs }: Extract<SendResult, { readonly kind: "retry" }>): void {
    const nowMs = this.#options.clock.now();
    this.#circuit.failed(nowMs, afterMs);
    lot.dueMs = Math.max(nowMs + lot.nextDelayMs(), this.#circuit.notBeforeMs);
    this.#tally.failed();
    this.#complain(text);
  }

  /** Of many, which one was meant is found by halves. One alone lets the others pass, and is tried some more times. */
  async #onRefused(lot: Lot, text: string): Promise<void> {
    this.#onAnswer();
    this.#tally.failed();
    if (this.#scout.lot === lot) {
      this.#putBack(lot);
      this.#complain(`${text}; ${KEEPS}`);
      return;
    }
    const [event, ...others] = lot.events;
    if (event === undefined || others.length > 0) {
      this.#complain(text);
      this.#line.split(lot);
      return;
    }
    const verdict = this.#refusals.onRefused(lot);
    this.#complain(verdict === "keep" ? `${text}; ${KEEPS}` : text);
    if (verdict === "bury") {
      this.#line.remove(lot);
      return await this.#bury(event.seq, text);
    }
    lot.dueMs = this.#options.clock.now() + lot.nextDelayMs();
    this.#line.stepAside(lot);
  }

  #putBack(lot: Lot): void {
    this.#line.remove(lot);
    this.#scout.settled();
    if (lot.events.length === 1) return;
    // Which one was meant is found one by one.
    this.#cuts.forget(lot);
    this.#intake.rewind(lot.first - 1);
  }

  async #bury(seq: number, reason: string): Promise<void> {
    const { clock, queue } = this.#options;
    this.#tally.buried();
    this.#troubles.buried(seq, reason, clock.now());
    await this.#settle("set aside", () => queue.bury(seq, reason));
  }

  /** What fails there stays in the queue, and comes again when the node starts next. */
  async #settle(what: string, settle: () => Promise<unknown> | void): Promise<void> {
    try {
      await settle();
    } catch (error) {
      this.#complain(queueText(what, error));
    }
  }

  #complain(text: string): void {
    this.#tally.complained(text);
    this.#troubles.failed(text, this.#options.clock.now());
  }
}

function queueText(what: string, error: unknown): string {
  return `the outbox cannot ${what} events: ${errorText(error)}`;
}
