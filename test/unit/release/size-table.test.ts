import { expect, test } from 'vitest';
import { sizeTable } from '../../release/size-table.ts';

const layer = (digest: string, bytes: number, madeBy: string) => ({ digest, bytes, madeBy });

test('sizeTable() shows what a node pulls: each layer with what made it, and whose it was before', () => {
  const base = layer('sha256:1', 50 * 2 ** 20, '/bin/sh -c #(nop) ADD file:0123abcd in / ');
  const tiny = layer('sha256:2', 100, 'WORKDIR /app');
  const table = sizeTable([
    { name: 'operator', labels: {}, layers: [base, tiny, layer('sha256:3', 2 ** 20, 'COPY app ./')] },
    { name: 'session-baileys', labels: {}, layers: [base, layer('sha256:4', 3 * 2 ** 10, '|1 A=b /bin/sh -c make')] },
  ]);
  expect(table.split('\n')).toEqual([
    '   51.0 MiB    operator, 3 layers',
    '     50.0 MiB  ADD … in /',
    '      1.0 MiB  COPY app ./',
    '   50.0 MiB    session-baileys, 2 layers',
    '     50.0 MiB  (of operator) ADD … in /',
    '      3.0 KiB  make',
  ]);
});
