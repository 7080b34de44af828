import type { TokenUser } from '../api/review-token.ts';
import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { isConflict, isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { slimSession } from '../observe/slim-session.ts';
import type { ObservedSession } from '../plan/observed.ts';
import { path, sessionKey } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import type { Action, Verdict } from './actions/action.ts';
import type { Audit } from './audit.ts';
import { type EndedRun, endedRun } from './ended-run.ts';
import { objectView } from './object-view.ts';
import { ProblemError } from './problem-error.ts';
import type { SessionFollowers } from './session-followers.ts';

export interface PerformAction {
  /**
   * Writes down what is wanted and waits for what becomes of it. When time is over or the caller goes, the wish stays, and
   * the leader goes on with it.
   * @throws {ProblemError} and what the API server refuses
   */
  <Outcome extends string>(asked: {
    readonly action: Action<Outcome>;
    readonly caller: TokenUser;
    readonly namespace: string;
    readonly name: string;
    readonly waitMs: number;
    readonly signal: AbortSignal;
  }): Promise<Performed<Outcome>>;
}

export interface Performed<Outcome extends string> {
  readonly verdict: Verdict<Outcome>;
  readonly end?: EndedRun;
  /** As the API server has it afterwards; absent once it is gone. */
  readonly session?: ReturnType<typeof objectView>;
}

/** How often a session that is made anew under the same name in this moment is looked at again. */
const attempts = 3;

export function createPerformAction({
  client,
  sessions,
  followers,
  audit,
  log,
}: {
  readonly client: Pick<KubernetesClient, 'request' | 'nowMs'>;
  readonly sessions: SlimCache<ObservedSession>;
  readonly followers: SessionFollowers;
  readonly audit: Audit;
  readonly log: Log;
}): PerformAction {
  async function read(namespace: string, name: string, signal: AbortSignal): Promise<ObservedSession> {
    const raw = await client.request({ method: 'GET', path: path.session(namespace, name), signal, timeoutMs: 5_000 });
    sessions.absorb(raw);
    return slimSession(raw);
  }

  /** The action is done or under way, whatever becomes of this read: it is a courtesy. */
  async function readBack(key: string, namespace: string, name: string) {
    try {
      const raw = await client.request({ method: 'GET', path: path.session(namespace, name), timeoutMs: 2_000 });
      return objectView(raw, 'WhatsAppSession');
    } catch (error) {
      if (!isNotFound(error)) log.warn('Session not read after an action', { error, session: key });
      return undefined;
    }
  }

  /** Gives the session as it was right before, and the generation that has the wish in it. */
  async function write(action: Action, namespace: string, name: string, signal: AbortSignal) {
    for (let attempt = 1; ; attempt++) {
      const before = await read(namespace, name, signal);
      const spec = action.wish(before, client.nowMs());
      if (spec === undefined) return { before, generation: before.generation };
      try {
        // Not the caller's signal: what is asked for is not to depend on whether he stays for the answer.
        const raw = await client.request({
          method: 'PATCH',
          path: path.session(namespace, name),
          contentType: mergePatch,
          body: { metadata: { uid: before.uid }, spec },
          timeoutMs: 5_000,
        });
        sessions.absorb(raw);
        return { before, generation: slimSession(raw).generation };
      } catch (error) {
        if (!isConflict(error) || attempt === attempts) throw error;
      }
    }
  }

  return async ({ action, caller, namespace, name, waitMs, signal }) => {
    const key = sessionKey(namespace, name);
    const written = await write(action, namespace, name, signal).catch((error: unknown) => {
      if (isNotFound(error)) throw notFound(key);
      throw error;
    });
    const { before, generation } = written;
    audit.asked(caller, action, before);
    const decided = await followers.until(
      key,
      (now) => {
        if (now !== undefined && now.uid === before.uid && now.generation < generation) return undefined;
        const ours = now?.uid === before.uid ? now : undefined;
        const verdict = action.judge(before, ours);
        return verdict && { verdict, end: endedRun(before, ours) };
      },
      waitMs,
      signal,
    );
    const { verdict, end } = decided ?? { verdict: action.pending, end: undefined };
    audit.became(caller, action, before, verdict.outcome);
    const session = await readBack(key, namespace, name);
    return { verdict, ...(end && { end }), ...(session && { session }) };
  };
}

export const notFound = (key: string) =>
  new ProblemError(
    'NOT_FOUND',
    `Cannot find the session "${key}": there is none of this name; list the sessions of its namespace`,
  );
