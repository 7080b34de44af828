import { BadRequestError, NotFoundError } from '../admin-http/request-errors.ts';
import { type Device, latestDevice, type World } from './account.ts';
import type { Connection, LiveClients } from './connection.ts';
import { everyone, type LoginPolicy } from './login-policy.ts';

/** Faults of one live connection. */
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
  /** A stream:error with the code in `argument`. */
  'stream-error': (connection, argument) => connection.endWithStreamError(needed(argument)),
  /** As if another client had logged in. */
  conflict: (connection) => connection.endWithConflict('replaced'),
  /** A failure with the reason in `argument`. */
  failure: (connection, argument) => connection.endWithFailure(needed(argument)),
  /** Cuts TCP instead of answering a logout, and keeps the device. */
  'cut-logout': (connection) => connection.cutAtLogout(),
  xmlstreamend: (connection) => connection.endStream(),
} satisfies Record<string, (connection: Connection, argument: number | undefined) => void>;

/** Faults of logins; without a phone they are everyone's, and last until `accept`. */
const loginFaults = ['refuse', 'mute-logins', 'fail-logins', 'accept'] as const;

type ConnectionFault = keyof typeof connectionFaults;
type LoginFault = (typeof loginFaults)[number];

/** `unlink`: the phone removes the device, whether it is connected or not. */
export type FaultKind = ConnectionFault | LoginFault | 'unlink';
export const faultKinds = [...Object.keys(connectionFaults), ...loginFaults, 'unlink'] as FaultKind[];

export interface Fault {
  readonly kind: FaultKind;
  /** Absent only for faults of logins. */
  readonly phone: string | undefined;
  /** A code: of stream-error and failure; of fail-logins, where it is 500 unless told. */
  readonly argument: number | undefined;
}

interface Dependencies {
  readonly world: World;
  readonly live: LiveClients;
  readonly policy: LoginPolicy;
  readonly unlink: (device: Device) => void;
}

/**
 * Causes faults.
 * @throws {NotFoundError} the phone has no linked device, or none that is connected.
 * @throws {BadRequestError} the phone or the code is missing.
 */
export function createFaults({ world, live, policy, unlink }: Dependencies) {
  return function cause({ kind, phone, argument }: Fault) {
    if (isLoginFault(kind)) return changeLogins(policy, kind, phone ?? everyone, argument);
    if (phone === undefined) throw new BadRequestError('phone', 'it is missing', 'say whose connection it is');
    const device = latestDevice(world, phone);
    if (!device) throw new NotFoundError(`cause "${kind}"`, 'the phone has no linked device', 'let it scan first');
    if (kind === 'unlink') return unlink(device);
    const connection = live.connectionOf(device);
    if (!connection) throw new NotFoundError(`cause "${kind}"`, 'the device is not connected', 'wait for its login');
    connectionFaults[kind](connection, argument);
  };
}

function changeLogins(policy: LoginPolicy, kind: LoginFault, phone: string, argument: number | undefined) {
  if (kind === 'refuse') policy.put(phone, { kind: 'refuse' });
  else if (kind === 'mute-logins') policy.put(phone, { kind: 'mute' });
  else if (kind === 'fail-logins') policy.put(phone, { kind: 'stream-error', code: argument ?? 500 });
  else policy.remove(phone);
}

function isLoginFault(kind: FaultKind): kind is LoginFault {
  return loginFaults.some((known) => known === kind);
}

function needed(argument: number | undefined): number {
  if (argument === undefined) throw new BadRequestError('argument', 'it is missing', 'give the code');
  return argument;
}
