import type { WhatsAppSessionSpec } from '../resource/whatsapp-session.ts';

/** How the session's process is to be linked, and by which way it reaches WhatsApp: its part of the environment. */
export function loginEnv(spec: WhatsAppSessionSpec) {
  const phoneNumber = pairingPhoneNumber(spec);
  const { proxy } = spec;
  return [
    ...(phoneNumber === undefined ? [] : [{ name: 'BERTH_PAIRING_PHONE_NUMBER', value: phoneNumber }]),
    // Not optional: without it the session would reach WhatsApp from an address that it must not show. A value that is empty is
    // refused by the session's process.
    ...(proxy === undefined
      ? []
      : [{ name: 'BERTH_PROXY_URL', valueFrom: { secretKeyRef: { ...proxy.secretRef, optional: false } } }]),
  ];
}

/** Whether a phone is linked by a code that is entered there, rather than by a QR code. */
export function pairsByCode({ pairing }: WhatsAppSessionSpec): boolean {
  return pairing?.method === 'PairingCode';
}

/** The number of the phone that is linked by a code, in digits; undefined where a QR code is shown. */
export function pairingPhoneNumber(spec: WhatsAppSessionSpec): string | undefined {
  return pairsByCode(spec) ? spec.pairing?.phoneNumber?.replace('+', '') : undefined;
}
