import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { getMediaKeys, type MediaType } from '@whiskeysockets/baileys';
import { ProtocolError } from './stanza.ts';

const macBytes = 10;

/** A file as a message tells of it: where it lies encrypted, and how to read it. */
export interface EncryptedFile {
  readonly mediaKey: Buffer;
  readonly fileSha256: Buffer;
  readonly fileEncSha256: Buffer;
  readonly fileLength: number;
}

/** What a kind of file is called in a message, by its mimetype; what is neither image, video nor audio is a document. */
export function mediaTypeOf(mimetype: string): 'image' | 'video' | 'audio' | 'document' {
  return (['image', 'video', 'audio'] as const).find((type) => mimetype.startsWith(`${type}/`)) ?? 'document';
}

/** Encrypts a file under a key of its own: AES-CBC, and ten bytes of an HMAC over counter and ciphertext. */
export async function encryptFile(
  data: Uint8Array,
  type: MediaType,
): Promise<{ readonly file: EncryptedFile; readonly encrypted: Buffer }> {
  const mediaKey = randomBytes(32);
  const { iv, cipherKey, macKey } = await getMediaKeys(mediaKey, type);
  const cipher = createCipheriv('aes-256-cbc', cipherKey, iv);
  const ciphertext = Buffer.concat([cipher.update(data), cipher.final()]);
  const encrypted = Buffer.concat([ciphertext, macOf(macKey as Buffer, iv, ciphertext)]);
  const fileSha256 = sha256(data);
  return { encrypted, file: { mediaKey, fileSha256, fileEncSha256: sha256(encrypted), fileLength: data.length } };
}

/**
 * Decrypts a file as a contact would.
 * @throws {ProtocolError} it is not what the message said: another hash, another length, or a wrong HMAC.
 */
export async function decryptFile(encrypted: Buffer, file: EncryptedFile, type: MediaType): Promise<Buffer> {
  const { iv, cipherKey, macKey } = await getMediaKeys(file.mediaKey, type);
  const ciphertext = encrypted.subarray(0, -macBytes);
  const isAsTold = sha256(encrypted).equals(file.fileEncSha256);
  if (!isAsTold || !macOf(macKey as Buffer, iv, ciphertext).equals(encrypted.subarray(-macBytes)))
    throw new ProtocolError('decrypt a file', 'it is not the one that the message told of');
  const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv);
  const data = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  if (!sha256(data).equals(file.fileSha256) || data.length !== file.fileLength)
    throw new ProtocolError('decrypt a file', 'its content is not what the message told of');
  return data;
}

export function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function macOf(macKey: Buffer, iv: Uint8Array, ciphertext: Buffer): Buffer {
  return createHmac('sha256', macKey).update(iv).update(ciphertext).digest().subarray(0, macBytes);
}
