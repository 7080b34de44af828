import type { WhatsAppSessionSpec } from '../resource/whatsapp-session.ts';
import { pairingPhoneNumber } from './login-env.ts';

/**
 * Hash of that part of a session's spec which shapes its pod. Never of the rendered pod: an upgrade of the operator must
 * not restart a session. So of a spec without the newer fields it is what an operator took that did not know them.
 */
export function specHash(spec: WhatsAppSessionSpec): string {
  const { pod = {}, proxy } = spec;
  const phoneNumber = pairingPhoneNumber(spec);
  const login = { ...(phoneNumber === undefined ? {} : { phoneNumber }), ...(proxy === undefined ? {} : { proxy }) };
  return fnv1a(stableJson(Object.keys(login).length === 0 ? pod : { pod, ...login }));
}

/** JSON with sorted keys: the API server does not keep the order of a map. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${stableJson(entry)}`).join(',')}}`;
}

/** 64 bits of FNV-1a in hexadecimal: enough to notice a change, and without a package in a pure folder. */
export function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index++) {
    hash ^= BigInt(text.charCodeAt(index));
    hash = BigInt.asUintN(64, hash * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}
