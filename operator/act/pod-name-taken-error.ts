import { BerthError } from '@berth/protocol';
import type { SessionKey } from '../resource/names.ts';

/** A pod that is no session's stands where the session's pod must be. */
export class PodNameTakenError extends BerthError {
  readonly code = 'POD_NAME_TAKEN';
  readonly retryable = true; // Somebody may remove it.

  constructor(key: SessionKey, options?: ErrorOptions) {
    super(
      `Cannot create the pod of "${key}": another pod has its name; remove that pod or rename the session`,
      options,
    );
  }
}
