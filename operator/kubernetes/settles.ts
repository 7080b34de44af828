/** Waits for a promise, for at most `withinMs` milliseconds, and says whether it has settled. It never rejects. */
export async function settles(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, tooLong]).finally(() => clearTimeout(timer));
}
