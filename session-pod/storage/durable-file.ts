import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a file so that after a crash, also of the machine, it is as before or as wanted. Durable on return. */
export function writeDurably(file: string, content: string): void {
  const draft = `${file}.new`;
  writeFileSync(draft, content, { flush: true });
  renameSync(draft, file);
  syncDirectory(dirname(file));
}

/** Makes renames and removals in a folder durable. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
