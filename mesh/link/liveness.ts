import type { Cancel, Clock } from "../clock.ts";
import type { MeshLimits } from "../mesh-limits.ts";

/** How often a link is looked at, at least; nothing that it does is put off by it. */
const LOOK_INTERVAL_MS = 500;

/** A look that comes so much too late was not the other side's fault. */
const LATE_MS = 1000;

/** Pings whose answers are waited for: those of the silence, and of a few probes. */
const PINGS_MAX = 32;

/** Probes that wait at once. Whoever asks beyond that is told what the last one comes to. */
const PROBES_MAX = 16;

export type LivenessLimits = Pick<
  MeshLimits,
  "meshPingIntervalMs" | "meshSilenceTimeoutMs" | "meshStallTimeoutMs"
>;

/** What is watched, and told. */
export interface LivenessSubject {
  /** When the last bytes arrived. */
  readonly heardAtMs: number;
  /**
   * Numbers that change when the other side takes some of what waits for it, undefined where nothing does.
   * Always as many.
   */
  readonly progress: readonly (number | undefined)[];
  sendPing(serial: number): void;
  /** Called once, last. */
  onDead(reason: "silent" | "stalled"): void;
}

interface Probe {
  readonly serial: number;
  readonly settle: (answered: boolean) => void;
  readonly answered: Promise<boolean>;
}

/** Pings, and judges whether the other side is there. [MESH-3] */
export class Liveness {
  readonly #limits: LivenessLimits;
  readonly #clock: Clock;
  readonly #subject: LivenessSubject;
  #rttMs: number | undefined;
  #serial = 0;
  /** Those not answered, and when they were sent; the oldest first. */
  readonly #pings = new Map<number, number>();
  #probes: Probe[] = [];
  #watched: { value: number | undefined; sinceMs: number }[] = [];
  #nextPingAtMs = 0;
  #nextLookAtMs = 0;
  /** Silence is not judged before. */
  #excusedUntilMs = 0;
  #cancelLook: Cancel | undefined;
  #state: "new" | "watching" | "over" = "new";

  constructor(limits: LivenessLimits, clock: Clock, subject: LivenessSubject) {
    this.#limits = limits;
    this.#clock = clock;
    this.#subject = subject;
  }

  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** Sends the first ping, and watches from now on. */
  start(): void {
    if (this.#state !== "new") return;
    this.#state = "watching";
    this.#nextPingAtMs = this.#clock.now();
    this.#nextLookAtMs = this.#nextPingAtMs;
    this.#look();
  }

  /** Probes that wait are answered `false`. */
  stop(): void {
    this.#state = "over";
    this.#cancelLook?.();
    this.#pings.clear();
    const probes = this.#probes;
    this.#probes = [];
    for (const { settle } of probes) settle(false);
  }

  /**
   * Whether the other side answers within `timeoutMs`: by the pong to a ping that is sent now, or, in the second half of
   * that time, by anything that moves. [MESH-3.3]
   */
  probe(timeoutMs: number): Promise<boolean> {
    if (this.#state !== "watching") return Promise.resolve(false);
    const last = this.#probes.at(-1);
    if (last !== undefined && this.#probes.length >= PROBES_MAX) return last.answered;
    const serial = this.#ping();
    const { promise: answered, resolve } = Promise.withResolvers<boolean>();
    let cancelTimeout: Cancel = () => {};
    const wait = (): void => {
      const dueMs = this.#clock.now() + timeoutMs;
      cancelTimeout = this.#clock.after(timeoutMs / 2, () => {
        const hasMoved = this.#watchMoves();
        cancelTimeout = this.#clock.after(timeoutMs / 2, () => {
          // The answer may have come while this process was stopped itself.
          if (this.#clock.now() - dueMs > LATE_MS) {
            wait();
            return;
          }
          this.#probes = this.#probes.filter((probe) => probe.serial !== serial);
          resolve(hasMoved());
        });
      });
    };
    wait();
    const settle = (isAnswered: boolean): void => {
      cancelTimeout();
      resolve(isAnswered);
    };
    this.#probes.push({ serial, settle, answered });
    return answered;
  }

  /** A number that this side did not send lately means nothing. */
  onPong(serial: number): void {
    const sentAtMs = this.#pings.get(serial);
    if (sentAtMs === undefined) return;
    this.#rttMs = this.#clock.now() - sentAtMs;
    this.#pings.delete(serial);
    const probe = this.#probes.find((candidate) => candidate.serial === serial);
    if (probe === undefined) return;
    this.#probes = this.#probes.filter((other) => other !== probe);
    probe.settle(true);
  }

  /**
   * The answer tells whether from now on anything has come, or some of what waits has been taken. Of a peer that has
   * stopped, what was on its way still comes: once that has, it is found out.
   */
  #watchMoves(): () => boolean {
    const sinceMs = this.#clock.now();
    const before = this.#subject.progress;
    return () => {
      const { heardAtMs, progress } = this.#subject;
      const isTaken = before.some(
        (value, index) => value !== undefined && value !== progress[index],
      );
      return heardAtMs > sinceMs || isTaken;
    };
  }

  #ping(): number {
    this.#serial = (this.#serial + 1) >>> 0;
    const [oldest] = this.#pings.keys();
    if (oldest !== undefined && this.#pings.size >= PINGS_MAX) this.#pings.delete(oldest);
    this.#pings.set(this.#serial, this.#clock.now());
    this.#subject.sendPing(this.#serial);
    return this.#serial;
  }

  #look(): void {
    const { meshPingIntervalMs, meshSilenceTimeoutMs, meshStallTimeoutMs } = this.#limits;
    const nowMs = this.#clock.now();
    if (nowMs - this.#nextLookAtMs > Math.min(LATE_MS, meshPingIntervalMs / 2)) this.#excuse(nowMs);
    const silentAtMs = Math.max(
      this.#subject.heardAtMs + meshSilenceTimeoutMs,
      this.#excusedUntilMs,
    );
    const stalledAtMs = this.#standsSinceMs(nowMs) + meshStallTimeoutMs;
    if (nowMs >= silentAtMs || nowMs >= stalledAtMs) {
      this.stop();
      this.#subject.onDead(nowMs >= silentAtMs ? "silent" : "stalled");
      return;
    }
    if (nowMs >= this.#nextPingAtMs) {
      this.#nextPingAtMs += meshPingIntervalMs;
      if (this.#nextPingAtMs <= nowMs) this.#nextPingAtMs = nowMs + meshPingIntervalMs;
      this.#ping();
    }
    // The ping may have been too much for the queue.
    if (this.#isOver()) return;
    const nextMs = Math.min(LOOK_INTERVAL_MS, this.#nextPingAtMs - nowMs, silentAtMs - nowMs);
    const delayMs = Math.max(1, Math.ceil(Math.min(nextMs, stalledAtMs - nowMs)));
    this.#nextLookAtMs = nowMs + delayMs;
    this.#cancelLook = this.#clock.after(delayMs, () => this.#look());
  }

  /** This process was stopped itself, and has not read what came meanwhile. [MESH-3.2] */
  #excuse(nowMs: number): void {
    this.#excusedUntilMs = nowMs + this.#limits.meshPingIntervalMs;
    this.#watched = [];
  }

  /** Since when the other side has taken nothing of what waits; infinite where nothing waits. */
  #standsSinceMs(nowMs: number): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    this.#subject.progress.forEach((value, index) => {
      const before = this.#watched[index];
      const sinceMs = before !== undefined && before.value === value ? before.sinceMs : nowMs;
      this.#watched[index] = { value, sinceMs };
      if (value !== undefined) earliestMs = Math.min(earliestMs, sinceMs);
    });
    return earliestMs;
  }

  // A method, because the compiler does not expect a ping to have changed the state.
  #isOver(): boolean {
    return this.#state === "over";
  }
}
