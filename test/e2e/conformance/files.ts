import { randomBytes } from 'node:crypto';
import type { MediaFile } from '@berth/session-pod/engine/engine.ts';

/** A PNG of one pixel; what comes after its end is of no matter to who shows it. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** An image that no other test has. */
export function anImage(): MediaFile {
  return { mimetype: 'image/png', data: Buffer.concat([Buffer.from(pixel, 'base64'), randomBytes(20_000)]) };
}

/** A document with a name, as large as a letter of some pages. */
export function aDocument(): MediaFile & { readonly fileName: string } {
  const data = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(300_000)]);
  return { mimetype: 'application/pdf', fileName: 'Rechnung März.pdf', data };
}
