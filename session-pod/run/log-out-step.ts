import { NotConnectedError } from '../engine/not-connected-error.ts';
import type { Log } from '../publish/log.ts';
import type { ShutdownStep } from './shutdown.ts';

export interface LogOutStepOptions extends Pick<ShutdownStep, 'withinMs' | 'leavesMs'> {
  /** Asked when it is the step's turn. */
  readonly isWanted: () => boolean;
  /** Of the engine. */
  readonly logout: (withinMs: number) => Promise<void>;
  readonly onConfirmed: () => void;
  readonly log: Log;
}

/** Milliseconds that an answer may take on a good connection; with less a logout would be sent whose fate nobody learns. */
const worthTryingMs = 500;

/** Unlinks the device where that is wanted and has a chance. Without one the login stays, which is no failure of the end. */
export function logOutStep({ isWanted, logout, onConfirmed, log, ...limits }: LogOutStepOptions): ShutdownStep {
  return {
    what: 'log out',
    ...limits,
    async run(withinMs) {
      if (!isWanted()) return;
      if (withinMs < worthTryingMs) {
        log.info({ withinMs }, 'Not logged out, for want of time');
        return;
      }
      try {
        await logout(withinMs);
      } catch (error) {
        if (!(error instanceof NotConnectedError)) throw error;
        log.info({ because: error.message }, 'Not logged out, for want of a connection');
        return;
      }
      log.info('WhatsApp confirmed the logout');
      onConfirmed();
    },
  };
}
