/** Does the same as often as `next` answers true, so many at once; resolves once all is done. */
export async function doAtOnce(
  count: number,
  next: () => boolean,
  doOne: () => Promise<unknown>,
): Promise<void> {
  const keepDoing = async (): Promise<void> => {
    while (next()) await doOne();
  };
  await Promise.all(Array.from({ length: count }, keepDoing));
}
