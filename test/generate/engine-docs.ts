import { readFileSync } from 'node:fs';
import { type EngineCapabilities, engineCapabilities } from '@berth/session-pod/engine/capabilities.ts';
import type { EngineName } from '@berth/session-pod/engine/engine-name.ts';

export const enginesFile = 'docs/engines.md';
const begin = '<!-- Made by `make generate` from session-pod/engine/capabilities.ts; do not edit. -->';
const end = '<!-- The end of what is made. -->';

const rows: readonly (readonly [string, (of: EngineCapabilities) => string])[] = [
  ['runs', ({ runs }) => runs],
  ['keeps its login in', ({ keepsLoginIn }) => keepsLoginIn],
  ['pairs by', ({ pairing }) => pairing.map((each) => `\`${each}\``).join(', ')],
  ['sends', ({ sends }) => sends.join(', ')],
  ['receives', ({ receives }) => receives.join(', ')],
  ['gets later, of what arrived while it was away', ({ catchesUp }) => catchesUp],
  ['files of up to', ({ largestFileBytes }) => `${largestFileBytes / 1_024 / 1_024} MiB`],
  ['acks', ({ acks }) => acks.join(', ')],
  ['goes through proxies', ({ proxies }) => proxies.join(', ')],
  ['logs in at proxies', ({ proxyLogins }) => proxyLogins.join(', ')],
];

/** The table of what each engine can do. */
export function capabilitiesTable(): string {
  const names = Object.keys(engineCapabilities) as EngineName[];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['', ...names.map((name) => `\`${name}\``)]),
    line(['---', ...names.map(() => '---')]),
    ...rows.map(([what, of]) => line([what, ...names.map((name) => of(engineCapabilities[name]))])),
  ].join('\n');
}

/**
 * The text of docs/engines.md: what is written by hand, with the table in its place.
 * @throws {Error} the place is not marked
 */
export function enginesDocument(written = readFileSync(enginesFile, 'utf8')): string {
  const from = written.indexOf(begin);
  const to = written.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`Cannot write ${enginesFile}: the place of its table is not marked; mark it`);
  return `${written.slice(0, from)}${begin}\n\n${capabilitiesTable()}\n\n${written.slice(to)}`;
}
