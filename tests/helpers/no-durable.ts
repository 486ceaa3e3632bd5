import type { DurablePublisher } from "../../mesh/plugin-scope.ts";

function refuse(): never {
  throw new Error("nothing is kept on the disk here");
}

/** For plugins that keep nothing. */
export const NO_DURABLE: DurablePublisher = {
  open: refuse,
  use: refuse,
  tap: refuse,
  publish: () => Promise.resolve().then(refuse),
  consume: () => Promise.resolve().then(refuse),
  forget: () => Promise.resolve().then(refuse),
};
