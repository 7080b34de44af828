import { maxMediaBytes } from '@berth/protocol';
import type { MediaFile } from '../engine/engine.ts';
import type { Answer } from './problem.ts';
import { problem } from './problem.ts';

const mimetypePattern = /^[\w.+-]{1,100}\/[\w.+-]{1,100}(?:; ?[\w.+-]+=[\w.+"-]+)*$/;
/** Without control characters and slashes: a receiver may write it to a disk. */
// oxlint-disable-next-line no-control-regex
const fileNamePattern = /^[^\u0000-\u001F\u007F/\\]{1,255}$/;
const base64Pattern = /^[A-Za-z0-9+/]+={0,2}$/;

/** Reads the `media` of a request to send, or says what is wrong with it. */
export function readMediaFile(given: unknown): { readonly file: MediaFile } | { readonly refusal: Answer } {
  const { mimetype, fileName, data } = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof mimetype !== 'string' || !mimetypePattern.test(mimetype))
    return refuse('its "mimetype" is none, such as "image/png"');
  if (fileName !== undefined && (typeof fileName !== 'string' || !fileNamePattern.test(fileName)))
    return refuse('its "fileName" is not a name of 1 to 255 characters without slashes');
  if (typeof data !== 'string' || data.length % 4 !== 0 || !base64Pattern.test(data))
    return refuse('its "data" is not the content in base64');
  const content = Buffer.from(data, 'base64');
  if (content.length > maxMediaBytes) {
    const detail = `Cannot send the file: it is larger than ${maxMediaBytes} bytes; send a smaller one`;
    return { refusal: problem(413, 'FILE_TOO_LARGE', 'File too large', detail) };
  }
  return { file: { mimetype, data: content, ...(fileName === undefined ? {} : { fileName }) } };
}

function refuse(what: string): { readonly refusal: Answer } {
  return { refusal: problem(400, 'BAD_MEDIA', 'Bad media', `Cannot send the file: ${what}; correct it`) };
}
