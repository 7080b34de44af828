import type { Content } from './page-protocol.ts';

/** A message on its way to a device; it stays until the page says it has it. */
export interface PendingMessage {
  readonly id: string;
  readonly from: string;
  readonly sentAtSeconds: number;
  readonly content: Content;
}

/** One browser profile that is linked to a phone. */
export interface LinkedDevice {
  readonly phone: string;
  /** Its address, for instance "15550001000:1@s.whatsapp.net". */
  readonly address: string;
  /** What the page keeps in its localStorage and logs in with. */
  readonly token: string;
  /** What the page keeps in its IndexedDB: a profile that has lost one of the two is no longer linked. */
  readonly identityKey: string;
  readonly pending: Map<string, PendingMessage>;
}

/** For all phones together. */
const maxDevices = 20_000;

/** The devices that are linked: all that outlives a connection. */
export class LinkedDevices {
  readonly #byToken = new Map<string, LinkedDevice>();
  readonly #lastIds = new Map<string, number>();

  add(device: LinkedDevice) {
    this.#byToken.set(device.token, device);
  }

  remove(device: LinkedDevice) {
    this.#byToken.delete(device.token);
  }

  withToken(token: string): LinkedDevice | undefined {
    return this.#byToken.get(token);
  }

  /** The device a test means by a phone number: the one linked last. */
  latestOf(phone: string): LinkedDevice | undefined {
    return [...this.#byToken.values()].findLast((device) => device.phone === phone);
  }

  /** A new address of this phone: numbers are not used again. */
  newAddress(phone: string): string {
    const id = (this.#lastIds.get(phone) ?? 0) + 1;
    this.#lastIds.set(phone, id);
    return `${phone}:${id}@s.whatsapp.net`;
  }

  get isFull(): boolean {
    return this.#byToken.size >= maxDevices;
  }

  /** Oldest first. */
  all(): readonly LinkedDevice[] {
    return [...this.#byToken.values()];
  }

  lastIds(): ReadonlyMap<string, number> {
    return this.#lastIds;
  }

  /** Takes over what an earlier stand-in knew. */
  restore(devices: readonly LinkedDevice[], lastIds: Iterable<readonly [string, number]>) {
    for (const device of devices) this.add(device);
    for (const [phone, id] of lastIds) this.#lastIds.set(phone, id);
  }
}
