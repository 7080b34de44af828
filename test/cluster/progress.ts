/** Prints one line for a person who waits. It goes to standard error, so that a command's own output stays clean. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A span of milliseconds as a person says it: `0.4 s`, `2 min 5 s`. */
export function inWords(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * Runs one step and says what is being done and how long it took.
 * @param usually how long the step takes on two cores; left out for a step that nobody notices.
 */
export async function step<T>(what: string, usually: string | undefined, work: () => Promise<T>): Promise<T> {
  say(usually === undefined ? `- ${what}` : `- ${what} (usually ${usually})`);
  const startedAtMs = Date.now();
  const result = await work();
  const tookMs = Date.now() - startedAtMs;
  if (tookMs > 3000) say(`  done in ${inWords(tookMs)}`);
  return result;
}
