import type { Log } from '../../../../operator/kubernetes/log.ts';

/** Keeps the lines of a log, for tests of what is told and what is not. */
export function keptLog(): Log & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const keep = (message: string, fields?: Readonly<Record<string, unknown>>) => {
    lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  return { lines, debug: keep, info: keep, warn: keep, error: keep };
}
