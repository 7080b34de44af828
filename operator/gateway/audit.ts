import type { TokenUser } from '../api/review-token.ts';
import type { Log } from '../kubernetes/log.ts';
import type { EventRecorder, EventSubject } from '../publish/events.ts';

/** What is audited: its name, and the reason of the Event that tells of it. */
export interface Audited {
  readonly name: string;
  readonly event: string;
}

/** Keeps who did what to which session: a line in the log for every call, an Event on the session for every action. */
export interface Audit {
  /** The wish is written. Told at once: the process may end while the caller waits. */
  asked(caller: TokenUser, action: Audited, session: EventSubject): void;
  became(caller: TokenUser, action: Audited, session: EventSubject, outcome: string): void;
}

export function createAudit({ events, log }: { readonly events: EventRecorder; readonly log: Log }): Audit {
  const told = ({ username }: TokenUser, { name: action }: Audited, { namespace, name }: EventSubject) => ({
    audit: true,
    who: username,
    action,
    session: `${namespace}/${name}`,
  });
  return {
    asked(caller, action, session) {
      log.info('Action asked for', told(caller, action, session));
      const { namespace, name, uid } = session;
      const message = `${caller.username} asked for ${action.name} over the API`;
      events.record({ namespace, name, uid }, 'Normal', action.event, message);
    },
    became(caller, action, session, outcome) {
      log.info('Action answered', { ...told(caller, action, session), outcome });
    },
  };
}
