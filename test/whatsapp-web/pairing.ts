import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { BadRequestError, NotFoundError } from '../admin-http/request-errors.ts';
import type { LastingFaults } from './lasting-faults.ts';
import type { LinkedDevice, LinkedDevices } from './linked-devices.ts';
import type { PageConnection } from './page-connection.ts';
import type { PageKeys } from './page-protocol.ts';

/** QR codes a page gets before it asks for more; it shows the first for 60 s, the others for 20 s each. */
const referencesOffered = 6;
/** Letters and digits that cannot be taken for each other. */
const codeAlphabet = '123456789ABCDEFGHJKLMNPQRSTVWXYZ';
const codeLength = 8;

interface Registration {
  readonly connection: PageConnection;
  readonly keys: PageKeys;
  references: readonly string[];
  code?: { readonly code: string; readonly phone: string };
}

interface Dependencies {
  readonly devices: LinkedDevices;
  readonly faults: LastingFaults;
  readonly onPaired: (connection: PageConnection, device: LinkedDevice) => void;
}

export type Pairing = ReturnType<typeof createPairing>;

/** Links new devices: gives out QR references and pairing codes, and lets the phone scan or enter them. */
export function createPairing({ devices, faults, onPaired }: Dependencies) {
  const registrations = new Map<PageConnection, Registration>();

  /** Gives a page that is not linked the references for its QR codes; the former ones are good no more. */
  function offer(connection: PageConnection, keys: PageKeys) {
    if (faults.has('withhold-qr')) return;
    const references = Array.from({ length: referencesOffered }, () => `2@${randomBytes(32).toString('base64')}`);
    registrations.set(connection, { ...registrations.get(connection), connection, keys, references });
    connection.send({ type: 'references', references });
  }

  /** Gives new references to a page that has had some before. */
  function offerAgain(connection: PageConnection) {
    const known = registrations.get(connection);
    if (known) offer(connection, known.keys);
  }

  /** Gives a code that links the page once it is entered on this phone; the page's former code is good no more. */
  function requestCode(connection: PageConnection, request: number, phone: string) {
    const registration = registrations.get(connection);
    if (!registration) throw new BadRequestError('type', 'the page is not waiting to be linked', 'say hello first');
    const code = Array.from({ length: codeLength }, () => codeAlphabet[randomInt(codeAlphabet.length)]).join('');
    registration.code = { code, phone };
    connection.send({ type: 'answer', request, code });
  }

  /**
   * What the phone does with the QR it sees.
   * @returns the address of the new device, which then logs in.
   * @throws {BadRequestError} not a QR of this protocol, or of other keys than the page's.
   * @throws {NotFoundError} the QR is used up, or its page is gone.
   */
  function scan(qr: string, phone: string): string {
    const { reference, ...keys } = readQr(qr);
    const registration = waiting(({ references }) => references.includes(reference));
    if (!registration) throw new NotFoundError('scan', 'no page waits under this QR', 'take the one it shows now');
    const { noise, identity, secret } = registration.keys;
    if (keys.noise !== noise || keys.identity !== identity || keys.secret !== secret) {
      throw new BadRequestError('qr', 'its keys are not those of the page', 'take the one it shows');
    }
    return link(registration, phone);
  }

  /**
   * What the phone does with the code it is told.
   * @returns the address of the new device, which then logs in.
   * @throws {BadRequestError} the code was asked for by another number.
   * @throws {NotFoundError} there is no such code, or its page is gone.
   */
  function enterCode(code: string, phone: string): string {
    const registration = waiting((each) => each.code?.code === code);
    if (!registration) throw new NotFoundError('enter the code', 'no page waits under it', 'take the one it shows now');
    if (registration.code?.phone !== phone) {
      throw new BadRequestError('phone', 'the code was asked for by another number', 'enter it on that phone');
    }
    return link(registration, phone);
  }

  function waiting(isMeant: (registration: Registration) => boolean): Registration | undefined {
    return [...registrations.values()].find((each) => each.connection.isOpen && isMeant(each));
  }

  function link({ connection, keys }: Registration, phone: string): string {
    if (devices.isFull) throw new BadRequestError('phone', 'there are too many devices', 'start a new stand-in');
    registrations.delete(connection);
    const address = devices.newAddress(phone);
    const device = { phone, address, token: randomUUID(), identityKey: keys.identity, pending: new Map() };
    devices.add(device);
    connection.send({ type: 'paired', phone, token: device.token });
    onPaired(connection, device);
    return address;
  }

  /** The page that shows a code for this phone. */
  function waitingFor(phone: string): PageConnection | undefined {
    return waiting(({ code }) => code?.phone === phone)?.connection;
  }

  function forget(connection: PageConnection) {
    registrations.delete(connection);
  }

  return { offer, offerAgain, requestCode, scan, enterCode, waitingFor, forget };
}

/** The QR holds a reference, three keys and the kind of the client. */
function readQr(qr: string) {
  const [reference = '', noise = '', identity = '', secret = ''] = qr.slice(qr.lastIndexOf('#') + 1).split(',');
  if ([noise, identity, secret].some((key) => Buffer.from(key, 'base64').length !== 32)) {
    throw new BadRequestError('qr', 'it is not "reference,key,key,secret"', 'give the QR string as it was told');
  }
  return { reference, noise, identity, secret };
}
