import { BerthError } from '@berth/protocol';

/** Another file is on its way through this session. */
export class FileUnderWayError extends BerthError {
  readonly code = 'FILE_UNDER_WAY';
  readonly retryable = true;
  constructor() {
    super('Cannot take the file: another one is under way; try again when it is through');
  }
}

/** Holds one at a time: a file of 16 MiB is in memory several times over while it is encoded, encrypted and sent. */
export interface FileSlot {
  /** Gives what lets go of the slot. @throws {FileUnderWayError} it is taken */
  take(): () => void;
  /** Holds the slot until the work has settled, however long somebody waits for it. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

export function createFileSlot(): FileSlot {
  let isTaken = false;
  function take() {
    if (isTaken) throw new FileUnderWayError();
    isTaken = true;
    return () => {
      isTaken = false;
    };
  }
  return {
    take,
    async during(work) {
      const release = take();
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
