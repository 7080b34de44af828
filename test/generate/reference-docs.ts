import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { metricsOf } from '../builders/metrics.ts';
import { enginesDocument, enginesFile } from './engine-docs.ts';
import { statesDocument } from './state-docs.ts';

const sources = ['operator', 'session-pod'] as const;

interface DocumentedError {
  readonly code: string;
  readonly name: string;
  readonly retryable: string;
  readonly meaning: string;
  readonly file: string;
}

/** Every error class of the operator and the session pod, read from the source: its code, and its docstring. */
function documentedErrors(): DocumentedError[] {
  const files = sources.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
      .map((file) => `${folder}/${file}`),
  );
  const errors = files.flatMap((file) => errorsOf(file, readFileSync(file, 'utf8')));
  return errors.sort((a, b) => (a.code < b.code ? -1 : 1));
}

/**
 * The errors of one source file, a row for each code that a class may have.
 * @throws {Error} a class extends BerthError and its codes cannot be read
 */
export function errorsOf(file: string, source: string): DocumentedError[] {
  const classes = source.matchAll(
    /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?(?:export )?class (\w+) extends BerthError\b[^{]*\{([\s\S]*?)\n\}/g,
  );
  const errors = [...classes].map(([, comment = '', name = '', body = '']) => {
    const codes = /readonly code(?: =|:) ('[A-Z_]+'(?: \| '[A-Z_]+')*);/.exec(body)?.[1]?.match(/[A-Z_]+/g);
    if (!codes) throw new Error(`Cannot document "${name}" of ${file}: it names no code; write it as text, or a union`);
    const retryable = /readonly retryable = (true|false)/.exec(body)?.[1] ?? 'depends';
    const text = comment.replace(/^\s*\* ?/gm, ' ');
    const meaning = text
      .replace(/\s+/g, ' ')
      .replace(/@\w+.*$/, '')
      .trim();
    return codes.map((code) => ({ code, name, retryable, meaning, file }));
  });
  const count = source.match(/\bextends BerthError\b/g)?.length ?? 0;
  if (count !== errors.length) throw new Error(`Cannot document the errors of ${file}: one is of another form`);
  return errors.flat();
}

const words: Readonly<Record<string, string>> = { true: 'yes', false: 'no', depends: 'depends' };

/** The text of docs/errors.md. */
export function errorsDocument(): string {
  const rows = documentedErrors().map(
    ({ code, retryable, meaning, file }) =>
      `| \`${code}\` | ${meaning} | ${words[retryable]} | [${file}](../${file}) |`,
  );
  return [
    '# Errors',
    '',
    'Made by `make generate` from the source; do not edit. Each error has a code, for log queries, and a message of the form',
    '"Cannot (action): (what is so); (what to do)". *Retry* says whether the same call may succeed later although nobody changed',
    'anything.',
    '',
    '| code | what is so | retry | where |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** The text of docs/metrics.md. */
export async function metricsDocument(): Promise<string> {
  const { registry } = metricsOf();
  const own = (await registry.getMetricsAsJSON()).filter(({ name }) => !/^(process|nodejs)_/.test(name));
  const rows = own.map(({ name, type, help }) => {
    const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] };
    const labels = labelNames.map((label) => `\`${label}\``).join(' ') || '-';
    return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
  });
  return [
    '# Metrics of the operator',
    '',
    'Made by `make generate` from the code; do not edit. Served as Prometheus text under `/metrics` on port 8080, beside the usual',
    '`process_*` and `nodejs_*` of Node. `namespace` and `session` are the only labels whose values are not from a closed set; the',
    'series of a deleted session vanish with the next scrape. Both are those of the session, and a scrape has to keep',
    'them (`honor_labels: true`), or Prometheus puts the namespace of the operator in their place. Every replica tells the same of',
    'sessions, so take `max by (...)` of them, and `sum by (...)` of what is counted: the leader alone counts.',
    '',
    '| name | type | labels | what it says |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** What is written where. */
export const referenceDocuments = [
  { file: 'docs/errors.md', text: async () => errorsDocument() },
  { file: 'docs/metrics.md', text: metricsDocument },
  { file: 'docs/states.md', text: async () => statesDocument() },
  { file: enginesFile, text: async () => enginesDocument() },
] as const;

if (import.meta.main) for (const { file, text } of referenceDocuments) writeFileSync(file, await text());
