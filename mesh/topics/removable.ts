/** Something that was added; `remove` takes it back. */
export interface Removable {
  /** Does nothing the second time. */
  remove(): void;
}

/** Calls `takeBack` the first time, and lets go of it. */
export function removable(takeBack: () => void): Removable {
  let pending: (() => void) | undefined = takeBack;
  return {
    remove() {
      const run = pending;
      pending = undefined;
      run?.();
    },
  };
}
