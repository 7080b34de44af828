/**
 * Faults that last until `accept`: of one phone's logins, or of everyone's.
 * - refuse: the connection is cut; without a phone, not even the page is served.
 * - mute-logins: the connection stands, and nobody answers.
 * - fail-logins: the connection is ended with an error after which the page tries again.
 * - banned: WhatsApp has banned the number; the page's state is TOS_BLOCK.
 * - withhold-sync: the login is accepted, yet what waits never ends: whatsapp-web.js is never ready.
 */
export const loginFaultKinds = ['refuse', 'mute-logins', 'fail-logins', 'banned', 'withhold-sync'] as const;
/**
 * Faults of the site itself, before it knows whose page it is: always everyone's.
 * - mute-site: a browser that asks for the page gets no answer.
 * - withhold-qr: the page gets no references for a QR.
 * - break-injection: an update of the page, and the modules that whatsapp-web.js needs are not there.
 * - break-ready: as before, but of a module that it needs only after the login: it tells "authenticated", never "ready".
 */
export const siteFaultKinds = ['mute-site', 'withhold-qr', 'break-injection', 'break-ready'] as const;

export type LoginFaultKind = (typeof loginFaultKinds)[number];
export type SiteFaultKind = (typeof siteFaultKinds)[number];
export type LastingFaultKind = LoginFaultKind | SiteFaultKind;

/** Every phone. */
const everyone = '*';

/** What is wrong until it is taken back. */
export class LastingFaults {
  readonly #kinds = new Map<string, Set<LastingFaultKind>>();

  put(kind: LastingFaultKind, phone = everyone) {
    this.#kinds.set(phone, (this.#kinds.get(phone) ?? new Set()).add(kind));
  }

  /** Everyone's faults and a phone's own are taken back each by its own name. */
  takeBack(phone = everyone) {
    this.#kinds.delete(phone);
  }

  /** Whether it concerns this phone, or everyone. */
  has(kind: LastingFaultKind, phone = everyone): boolean {
    return [phone, everyone].some((whose) => this.#kinds.get(whose)?.has(kind));
  }
}
