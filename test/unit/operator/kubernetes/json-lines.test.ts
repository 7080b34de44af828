import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLines } from '../../../../operator/kubernetes/json-lines.ts';

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const size of sizes) {
    yield bytes.subarray(start, start + size);
    start += size;
  }
  yield bytes.subarray(start);
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of jsonLines(chunks)) values.push(value);
  return values;
}

test('jsonLines() gives the same values wherever the chunks are cut, also inside a character', async () => {
  const value = fc.record({ type: fc.string({ unit: 'grapheme' }), object: fc.jsonValue() });
  await fc.assert(
    fc.asyncProperty(fc.array(value), fc.array(fc.nat(40)), async (values, sizes) => {
      const lines = values.map((one) => `${JSON.stringify(one)}\n`);
      const expected = lines.map((line) => JSON.parse(line) as unknown);
      expect(await all(chunksOf(Buffer.from(lines.join('')), sizes))).toEqual(expected);
    }),
  );
});

test('jsonLines() skips empty lines', async () => {
  expect(await all(chunksOf(Buffer.from('\n{"a":1}\n\r\n'), []))).toEqual([{ a: 1 }]);
});

test.each([
  { name: 'a line that is not JSON', text: 'no\n' },
  { name: 'an end in the middle of a line', text: '{"a":' },
])('jsonLines() throws on $name', async ({ text }) => {
  await expect(all(chunksOf(Buffer.from(text), []))).rejects.toThrow(SyntaxError);
});

test('jsonLines() throws on a line without an end instead of filling the memory', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    const chunk = Buffer.alloc(1024 * 1024, 'a');
    for (;;) yield chunk;
  }
  await expect(all(endless())).rejects.toThrow('longer than');
});
