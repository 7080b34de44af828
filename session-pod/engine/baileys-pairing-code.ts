import type { BinaryNode, WASocket } from '@whiskeysockets/baileys';
import { getBinaryNodeChild } from '@whiskeysockets/baileys';
import { PairingCodeRefusedError } from './pairing-code-refused-error.ts';

/** How long each QR reference lives while a code is shown, in milliseconds: WhatsApp gives six, and a code is good for 3 minutes. */
export const referenceLivesMs = 30_000;

/**
 * Asks WhatsApp to link the phone with this number by a code, and gives the code once WhatsApp has taken the request: Baileys itself
 * makes the code up and does not wait for an answer, so a refusal would show as a code that does not work.
 * @param phoneNumber digits, without "+"
 * @throws {PairingCodeRefusedError} WhatsApp says no, or nothing within `withinMs` milliseconds
 */
export async function requestPairingCode(socket: WASocket, phoneNumber: string, withinMs: number): Promise<string> {
  const { ws } = socket;
  let timer: NodeJS.Timeout | undefined;
  let taken = (): void => {};
  let refused = (_answer: BinaryNode): void => {};
  const answered = new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => reject(new PairingCodeRefusedError(`no answer within ${withinMs} ms`)), withinMs);
    taken = resolve;
    refused = (answer) => {
      const { code, text } = getBinaryNodeChild(answer, 'error')?.attrs ?? {};
      reject(new PairingCodeRefusedError(`WhatsApp answered ${code ?? 'no'} (${text ?? 'without a reason'})`));
    };
  });
  // Baileys keeps the id of its request for itself. Before the login nothing else is asked that could be refused.
  ws.on('CB:iq,,link_code_companion_reg', taken);
  ws.on('CB:iq,type:error', refused);
  try {
    const [code] = await Promise.all([socket.requestPairingCode(phoneNumber), answered]);
    return code;
  } finally {
    clearTimeout(timer);
    ws.off('CB:iq,,link_code_companion_reg', taken);
    ws.off('CB:iq,type:error', refused);
  }
}
