import { test } from "bun:test";
import * as fc from "fast-check";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { NAMES, Pair } from "./outbox-model.ts";

const name = fc.constantFrom(...NAMES);
const text = fc.string({ unit: fc.constantFrom("a", "b", "0"), maxLength: 20 });
const seq = fc.integer({ min: 1, max: 25 });
const seqs = fc.array(seq, { minLength: 1, maxLength: 6 });

/** Something to do, that says what it is. */
class Step {
  readonly #text: string;
  readonly run: (pair: Pair) => Promise<void>;

  constructor(text: string, run: (pair: Pair) => Promise<void>) {
    this.#text = text;
    this.run = run;
  }

  [fc.toStringMethod](): string {
    return this.#text;
  }
}

const texts = fc.array(text, { minLength: 1, maxLength: 9 });
const ms = fc.integer({ min: 1, max: 30 });
const arbitraryStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(name, texts)
      .map(
        ([name, texts]) =>
          new Step(`append ${name} ${texts.join()}`, (on) => on.append(name, texts)),
      ),
  },
  {
    weight: 2,
    arbitrary: text.map((text) => new Step(`append to all ${text}`, (on) => on.appendToAll(text))),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(name, seqs)
      .map(
        ([name, seqs]) => new Step(`remove ${name} ${seqs.join()}`, (on) => on.remove(name, seqs)),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(name, seq)
      .map(([name, seq]) => new Step(`up to ${name} ${seq}`, (on) => on.removeUpTo(name, seq))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(name, seqs)
      .map(([name, seqs]) => new Step(`bury ${name} ${seqs.join()}`, (on) => on.bury(name, seqs))),
  },
  {
    weight: 1,
    arbitrary: name.map((name) => new Step(`replay ${name}`, (on) => on.replay(name))),
  },
  { weight: 2, arbitrary: ms.map((ms) => new Step(`pass ${ms}`, (on) => on.pass(ms))) },
  { weight: 1, arbitrary: fc.constant(new Step("reopen", (on) => on.reopen())) },
);

test.each([
  { commits: "take out a few at a time", removalsPerCommitMax: 3, flushes: true },
  { commits: "come when they come", removalsPerCommitMax: 1000, flushes: false },
])(
  "whatever is done in whatever order, it is as its model is; commits $commits",
  async (how) => {
    const steps = fc.array(arbitraryStep, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        await using folder = await TempFolder.create();
        const pair = new Pair(folder.path, how);
        try {
          for (const step of steps) await step.run(pair);
          await pair.compare();
          await pair.reopen();
          await pair.compare();
        } finally {
          await pair.close();
        }
      }),
      { numRuns: 40 },
    );
  },
  60_000,
);
