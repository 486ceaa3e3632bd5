/** Which files collectors of this process write to: rotation would mix up what two write to one. */
const HELD = new Map<string, object>();

/** Whether the path is the holder's from now on, or was already. */
export function holdPath(path: string, holder: object): boolean {
  const present = HELD.get(path) ?? holder;
  HELD.set(path, present);
  return present === holder;
}

export function releasePath(path: string, holder: object): void {
  if (HELD.get(path) === holder) HELD.delete(path);
}
