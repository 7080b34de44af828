import { randomBytes } from 'node:crypto';

const maxBytes = 128 * 1_024 * 1_024;

/** Encrypted files, by the path they are fetched from; in memory only, and the oldest go first beyond 128 MiB. */
export class MediaStore {
  readonly #files = new Map<string, Buffer>();
  #bytes = 0;

  /** Gives the path. */
  put(encrypted: Buffer): string {
    const path = `/v/${randomBytes(16).toString('hex')}`;
    this.#files.set(path, encrypted);
    this.#bytes += encrypted.length;
    for (const [oldest, { length }] of this.#files) {
      if (this.#bytes <= maxBytes) break;
      this.#files.delete(oldest);
      this.#bytes -= length;
    }
    return path;
  }

  get(path: string): Buffer | undefined {
    return this.#files.get(path);
  }
}
