import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { ApiError, isNotFound } from '../kubernetes/errors.ts';
import { slimSession } from '../observe/slim-session.ts';
import type { Action } from '../plan/action.ts';
import type { Observed, ObservedSession } from '../plan/observed.ts';
import { sessionStatus } from '../plan/session-status.ts';
import { mergePatchBetween } from '../publish/merge-patch.ts';
import type { StatusWriter } from '../publish/status.ts';
import { path, sessionFinalizer, sessionKey } from '../resource/names.ts';
import type { RunStatus } from '../resource/whatsapp-session.ts';
import type { SlimCache } from '../watch/slim-cache.ts';

type MarkEnding = Extract<Action, { type: 'MarkEnding' }>;

/** Writes to sessions: their finalizer, and the reason of an end before anything is done to bring it about. */
export function createSessions(dependencies: {
  readonly client: KubernetesClient;
  readonly sessions: SlimCache<ObservedSession>;
  readonly status: StatusWriter;
}) {
  const { client, sessions, status } = dependencies;

  async function setFinalizers(session: ObservedSession, finalizers: readonly string[], signal: AbortSignal) {
    const { namespace, name, uid, resourceVersion } = session;
    return client.request<{ metadata: { finalizers?: string[] } }>({
      method: 'PATCH',
      path: path.session(namespace, name),
      contentType: mergePatch,
      body: { metadata: { uid, resourceVersion, finalizers } },
      signal,
    });
  }

  return {
    /**
     * Reads the session before a pod is made for it. A creation carries no version: on an old view, as a new leader may
     * have, it would not know of a stop, or of an end whose process still lives.
     * @throws {ApiError} a conflict: it is no longer what was looked at
     */
    async confirm({ session }: Observed, signal: AbortSignal): Promise<void> {
      if (session === undefined) return;
      const at = path.session(session.namespace, session.name);
      const raw = await client.request({ method: 'GET', path: at, signal });
      sessions.absorb(raw);
      const { uid, generation, deletionRequested, status: newest } = slimSession(raw);
      const isSame =
        uid === session.uid &&
        generation === session.generation &&
        deletionRequested === session.deletionRequested &&
        mergePatchBetween(session.status, newest) === undefined;
      if (isSame) return;
      const message = 'the session has changed since it was looked at';
      throw new ApiError({ method: 'GET', path: at, status: 409, reason: 'Conflict', message });
    },

    async addFinalizer({ session }: Observed, signal: AbortSignal): Promise<void> {
      if (session === undefined || session.hasFinalizer) return;
      sessions.absorb(await setFinalizers(session, [...session.otherFinalizers, sessionFinalizer], signal));
    },

    /** The last thing that is done for a session. */
    async removeFinalizer({ session }: Observed, signal: AbortSignal): Promise<void> {
      if (session === undefined) return;
      try {
        const answer = await setFinalizers(session, session.otherFinalizers, signal);
        if (session.deletionRequested && session.otherFinalizers.length === 0) {
          sessions.absorbGone(sessionKey(session.namespace, session.name), session.uid);
        } else {
          sessions.absorb(answer);
        }
      } catch (error) {
        if (!isNotFound(error)) throw error;
        sessions.absorbGone(sessionKey(session.namespace, session.name), session.uid);
      }
    },

    async markEnding(
      observed: Observed,
      { runUid, reason, deadlineMs, logout }: MarkEnding,
      signal: AbortSignal,
    ): Promise<void> {
      const { session, pod, nowMs } = observed;
      if (session === undefined || pod?.uid !== runUid) return;
      const known = session.status.run?.uid === runUid ? session.status.run : undefined;
      const run: RunStatus = {
        uid: runUid,
        number: pod.runNumber ?? 1,
        ...known,
        ending: {
          reason,
          since: new Date(nowMs).toISOString(),
          ...(deadlineMs === undefined ? {} : { deadline: new Date(deadlineMs).toISOString() }),
          ...(logout && { logout }),
        },
      };
      const marked = { ...session, status: { ...session.status, run } };
      await status.write(session, sessionStatus({ ...observed, session: marked }, marked), signal);
    },
  };
}
export type Sessions = ReturnType<typeof createSessions>;
