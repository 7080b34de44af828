import { jidDecode } from '@whiskeysockets/baileys';
import { ProtocolError, serverDomain } from './stanza.ts';

/** The user part of a LID, the address that hides the phone number. Here it is made from the number, so nothing has to be looked up. */
export function lidUserOf(phone: string): string {
  return `9${reversed(phone)}`;
}

export function phoneAddress(phone: string, deviceId = 0): string {
  return `${phone}${deviceId ? `:${deviceId}` : ''}@${serverDomain}`;
}

export function lidAddress(phone: string, deviceId = 0): string {
  return `${lidUserOf(phone)}${deviceId ? `:${deviceId}` : ''}@lid`;
}

/** Tells whose address it is, in either form. */
export function phoneOfAddress(address: string): string {
  const decoded = jidDecode(address);
  if (!decoded) throw new ProtocolError('read an address', 'it has no user or no domain');
  return decoded.server === 'lid' ? reversed(decoded.user.slice(1)) : decoded.user;
}

function reversed(digits: string): string {
  return digits.split('').toReversed().join('');
}
