import { BadRequestError, NotFoundError } from '../admin-http/request-errors.ts';
import {
  type LastingFaultKind,
  type LastingFaults,
  type LoginFaultKind,
  loginFaultKinds,
  type SiteFaultKind,
  siteFaultKinds,
} from './lasting-faults.ts';
import type { LinkedDevice, LinkedDevices } from './linked-devices.ts';
import type { MediaStore } from './media-store.ts';
import type { LivePages, PageConnection } from './page-connection.ts';
import type { Pairing } from './pairing.ts';

/** Memory that the page takes on "hog" unless told, in MiB. */
const hogMiB = 256;

/** Faults of one live connection: of the phone's device, or of the page that shows a pairing code for it. */
const connectionFaults = {
  /** Answers nothing; the WebSocket goes on working. */
  mute: (connection) => connection.mute(),
  /** Reads nothing; TCP stays up. */
  freeze: (connection) => connection.freeze(),
  /** Takes back mute and freeze. */
  thaw: (connection) => connection.thaw(),
  /** Cuts TCP. */
  drop: (connection) => connection.drop(),
  /** Closes the WebSocket properly. */
  close: (connection) => connection.close(),
  /** As if another page had logged in. */
  conflict: (connection) => connection.end('conflict'),
  /** The page's main thread loops for ever. */
  wedge: (connection) => connection.send({ type: 'fault', kind: 'wedge', argument: undefined }),
  /** The page takes as many MiB of memory as `argument` says. */
  hog: (connection, argument) => connection.send({ type: 'fault', kind: 'hog', argument: argument ?? hogMiB }),
  /** The page makes its renderer crash. */
  'crash-page': (connection) => connection.send({ type: 'fault', kind: 'crash-page', argument: undefined }),
} satisfies Record<string, (connection: PageConnection, argument: number | undefined) => void>;

type ConnectionFault = keyof typeof connectionFaults;

/**
 * `unlink`: the phone removes the device, whether it is connected or not. `expire-media`: everyone's files are gone.
 * `accept` takes back the faults that last, of this phone or those of everyone.
 */
export type WebFaultKind = ConnectionFault | LastingFaultKind | 'unlink' | 'expire-media' | 'accept';
export const webFaultKinds = [
  ...Object.keys(connectionFaults),
  ...loginFaultKinds,
  ...siteFaultKinds,
  'unlink',
  'expire-media',
  'accept',
] as WebFaultKind[];

export interface WebFault {
  readonly kind: WebFaultKind;
  /** Absent only for faults that can be everyone's. */
  readonly phone: string | undefined;
  /** Of "hog", in MiB. */
  readonly argument: number | undefined;
}

interface Dependencies {
  readonly devices: LinkedDevices;
  readonly live: LivePages;
  readonly faults: LastingFaults;
  readonly media: MediaStore;
  readonly pairing: Pairing;
  readonly unlink: (device: LinkedDevice) => void;
}

/**
 * Causes faults.
 * @throws {NotFoundError} the phone has no linked device, or none that is connected.
 * @throws {BadRequestError} the phone is missing, or is given for a fault that is always everyone's.
 */
export function createWebFaults({ devices, live, faults, media, pairing, unlink }: Dependencies) {
  return function cause({ kind, phone, argument }: WebFault) {
    if (kind === 'accept') return faults.takeBack(phone);
    if (kind === 'expire-media') return media.clear();
    if (isSiteFault(kind)) {
      if (phone !== undefined) throw new BadRequestError('phone', `"${kind}" is for everyone`, 'leave it out');
      return faults.put(kind);
    }
    if (isLoginFault(kind)) {
      faults.put(kind, phone);
      if (kind === 'banned') for (const each of devices.all()) if (!phone || each.phone === phone) endBanned(each);
      return undefined;
    }
    if (phone === undefined) throw new BadRequestError('phone', 'it is missing', 'say whose connection it is');
    if (kind === 'unlink') return unlink(deviceOf(kind, phone));
    const connection = pairing.waitingFor(phone) ?? live.connectionOf(deviceOf(kind, phone));
    if (!connection) throw new NotFoundError(`cause "${kind}"`, 'the device is not connected', 'wait for its login');
    connectionFaults[kind](connection, argument);
  };

  function deviceOf(kind: WebFaultKind, phone: string): LinkedDevice {
    const device = devices.latestOf(phone);
    if (!device) throw new NotFoundError(`cause "${kind}"`, 'the phone has no linked device', 'let it scan first');
    return device;
  }

  function endBanned(device: LinkedDevice) {
    live.connectionOf(device)?.end('banned');
  }
}

function isLoginFault(kind: WebFaultKind): kind is LoginFaultKind {
  return loginFaultKinds.some((known) => known === kind);
}

function isSiteFault(kind: WebFaultKind): kind is SiteFaultKind {
  return siteFaultKinds.some((known) => known === kind);
}
