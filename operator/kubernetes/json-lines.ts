const newline = 0x0a;
/** etcd refuses objects over 1.5 MiB; JSON of it is never this long. */
const maxLineBytes = 16 * 1024 * 1024;

/**
 * Splits a stream of bytes into lines and parses each as JSON. Empty lines are skipped.
 * It splits bytes, not text: a multi-byte character may lie across two chunks.
 * @throws {SyntaxError} a line is not JSON, is longer than 16 MiB, or the stream ends in the middle of one.
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      pending.push(chunk.subarray(start, end));
      const line = textOf(pending);
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line !== '') yield JSON.parse(line);
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > maxLineBytes) throw new SyntaxError(`a line is longer than ${maxLineBytes} bytes`);
  }
  if (pendingBytes > 0) throw new SyntaxError('the stream ended in the middle of a line');
}

function textOf(parts: readonly Uint8Array[]): string {
  const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').trim();
}
