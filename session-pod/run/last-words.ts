import { writeFileSync } from 'node:fs';
import type { LastWords } from '@berth/protocol';

/** The kubelet keeps this much of a termination message. */
const maxBytes = 4_096;

/** Where the last words go, even those of a process whose configuration is wrong: where the kubelet reads them. */
export function terminationLogOf(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['TERMINATION_LOG'] || '/dev/termination-log';
}

/** The last words as the kubelet will read them: JSON of at most 4096 bytes, the message cut to fit. */
export function lastWordsText(words: LastWords): string {
  let { message } = words;
  for (;;) {
    const text = JSON.stringify({ ...words, message });
    const excess = Buffer.byteLength(text) - maxBytes;
    if (excess <= 0) return text;
    // Each character dropped frees at least one byte, so this ends.
    message = message.slice(0, Math.max(0, message.length - Math.max(1, Math.ceil(excess / 6))));
  }
}

/** Writes them in place: the file is a mount of the kubelet and cannot be replaced by another. */
export function writeLastWords(file: string, words: LastWords): void {
  writeFileSync(file, lastWordsText(words));
}
