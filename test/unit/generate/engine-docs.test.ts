import { engineCapabilities } from '@berth/session-pod/engine/capabilities.ts';
import { engineNames } from '@berth/session-pod/engine/engine-name.ts';
import { expect, test } from 'vitest';
import { capabilitiesTable, enginesDocument } from '../../generate/engine-docs.ts';
import { readCrd } from '../../integration/crd-schema.ts';

const crd = await readCrd('berth.dev_whatsappsessions.yaml');
const spec = crd.spec.versions[0].schema.openAPIV3Schema.properties?.['spec']?.properties;

test('every engine that a session may have tells what it can do, and none else', () => {
  expect(Object.keys(engineCapabilities)).toEqual(spec?.['engine']?.enum);
  expect(Object.keys(engineCapabilities)).toEqual(engineNames);
});

test.each(engineNames)('%s pairs by each way that a session may ask for', (name) => {
  expect(engineCapabilities[name].pairing).toEqual(spec?.['pairing']?.properties?.['method']?.enum);
});

test('capabilitiesTable() has a column for each engine, and no empty cell', () => {
  const lines = capabilitiesTable().split('\n');
  expect(lines[0]).toBe('|  | `Baileys` | `WhatsAppWebJS` |');
  for (const line of lines.slice(1))
    expect(
      line
        .split('|')
        .slice(1, -1)
        .every((cell) => cell.trim() !== ''),
    ).toBe(true);
});

test('enginesDocument() keeps what is written by hand, and refuses a page without a place for the table', () => {
  const page = enginesDocument();
  expect(enginesDocument(page)).toBe(page);
  expect(page).toContain('## Baileys');
  expect(() => enginesDocument('# Engines\n')).toThrow('the place of its table is not marked');
});
