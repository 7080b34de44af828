import { maxMediaBase64Length, maxMediaBytes } from '@berth/protocol';
import { MediaUnavailableError } from './media-unavailable-error.ts';
import { NotConnectedError } from './not-connected-error.ts';
import type { WebPage } from './web-page.ts';

/**
 * Loads the file of a message, by the message's id in the page.
 * @param page the present one, which need not be that in which the message arrived
 * @throws {NotConnectedError} there is no page
 * @throws {MediaUnavailableError} it is gone, or larger than 16 MiB
 */
export async function readMedia(id: string, page: WebPage | undefined): Promise<Uint8Array> {
  if (!page) throw new NotConnectedError('read the file of a message');
  const message = await page.client.getMessageById(id);
  // Undefined, whatever its type says, for a file that WhatsApp does not have any more.
  const media = (await message?.downloadMedia()) as { readonly data: string } | undefined;
  if (!media) throw new MediaUnavailableError('WhatsApp or its page has it no longer', false);
  if (media.data.length > maxMediaBase64Length)
    throw new MediaUnavailableError(`it is larger than ${maxMediaBytes} bytes`, false);
  return Buffer.from(media.data, 'base64');
}
