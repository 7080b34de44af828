import { createHash, randomBytes } from 'node:crypto';
import { BadRequestError } from '../admin-http/request-errors.ts';
import type { Media } from './page-protocol.ts';

/** Of one file. */
export const maxMediaBytes = 16 * 1_024 * 1_024;
/** Of all files together; the oldest goes first, as WhatsApp too forgets what it keeps. */
const maxStoredBytes = 128 * 1_024 * 1_024;

interface StoredFile {
  readonly data: Buffer;
  readonly description: Media;
}

/** The files that are on their way, by the path under which they are downloaded. */
export class MediaStore {
  readonly #files = new Map<string, StoredFile>();
  #bytes = 0;

  /** Gives what a message says of the file. @throws {BadRequestError} it is over 16 MiB */
  add(mimetype: string, data: Buffer): Media {
    if (data.length > maxMediaBytes) {
      throw new BadRequestError('data', `it has ${data.length} bytes`, `send at most ${maxMediaBytes}`);
    }
    const directPath = `/media/${randomBytes(24).toString('hex')}`;
    const sha256 = createHash('sha256').update(data).digest('hex');
    const description = { directPath, mimetype, sizeBytes: data.length, sha256 };
    this.#files.set(directPath, { data, description });
    this.#bytes += data.length;
    while (this.#bytes > maxStoredBytes) this.#removeOldest();
    return description;
  }

  dataOf(directPath: string): Buffer | undefined {
    return this.#files.get(directPath)?.data;
  }

  descriptionOf(directPath: string): Media | undefined {
    return this.#files.get(directPath)?.description;
  }

  /** Forgets every file, as WhatsApp does some weeks after it was sent. */
  clear() {
    this.#files.clear();
    this.#bytes = 0;
  }

  #removeOldest() {
    const [oldest] = this.#files;
    if (!oldest) return;
    this.#files.delete(oldest[0]);
    this.#bytes -= oldest[1].data.length;
  }
}
