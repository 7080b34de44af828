import type { RunReport } from '@berth/protocol';
import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { ApiError, isConflict, isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { slimPod } from '../observe/slim-pod.ts';
import { slimSession } from '../observe/slim-session.ts';
import type { ObservedPod, ObservedSession } from '../plan/observed.ts';
import { mergePatchBetween } from '../publish/merge-patch.ts';
import { path, sessionKey } from '../resource/names.ts';
import type { WhatsAppSessionStatus } from '../resource/whatsapp-session.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import type { PodIdentity } from './identify-pod.ts';
import { reportAfter } from './report-status.ts';
import { type RunVerdict, runVerdict } from './run-verdict.ts';

export interface ReportsDependencies {
  readonly client: Pick<KubernetesClient, 'request'>;
  readonly sessions: Pick<SlimCache<ObservedSession>, 'get' | 'absorb'>;
  /** What the watch knows of a pod. */
  readonly findPod: (namespace: string, name: string) => ObservedPod | undefined;
  /**
   * The fields of the status that follow from the report, so that one write carries both.
   * @param session with the report in its status; `before` is as it was
   */
  readonly presentation: (
    session: ObservedSession,
    pod: ObservedPod,
    before: ObservedSession,
  ) => Partial<WhatsAppSessionStatus>;
  readonly log: Log;
}

/** What becomes of a report: taken, or why not. `too_busy`: others wrote again and again in between. */
export type Reception = 'accepted' | 'forbidden' | 'too_busy' | Exclude<RunVerdict, 'lives'>;

/** Takes reports of pods whose identity is proved. Any replica does. */
export interface Reports {
  /** @throws {ApiError} the API server could not be asked or refused the write */
  receive(identity: PodIdentity, report: RunReport, signal: AbortSignal): Promise<Reception>;
}

/** Writes of one report, before it is left to the pod to try again. */
const writesAtMost = 6;

interface View {
  readonly pod: ObservedPod | undefined;
  readonly session: ObservedSession | undefined;
}

/** Creates the receiver. It writes `status.report` and what follows from it, and nothing else. */
export function createReports({ client, sessions, findPod, presentation, log }: ReportsDependencies): Reports {
  async function read(at: string, signal: AbortSignal): Promise<unknown> {
    try {
      return await client.request({ method: 'GET', path: at, signal, timeoutMs: 5_000 });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function freshSession(namespace: string, name: string, signal: AbortSignal) {
    const raw = await read(path.session(namespace, name), signal);
    if (raw !== undefined) sessions.absorb(raw);
    return raw === undefined ? undefined : slimSession(raw);
  }

  /** A first report may be faster than the watch: nothing is refused on a cached view. */
  async function freshView(namespace: string, name: string, signal: AbortSignal): Promise<View> {
    const rawPod = await read(path.pod(namespace, name), signal);
    const session = await freshSession(namespace, name, signal);
    return { pod: rawPod === undefined ? undefined : slimPod(rawPod), session };
  }

  /** Whether the write took place; not when somebody else wrote in between. */
  async function write(session: ObservedSession, pod: ObservedPod, report: RunReport, signal: AbortSignal) {
    const reported = { ...session.status, report: reportAfter(session.status.report, report) };
    const next = { ...reported, ...presentation({ ...session, status: reported }, pod, session) };
    const status = mergePatchBetween(session.status, next);
    if (status === undefined) return true;
    try {
      const answer = await client.request({
        method: 'PATCH',
        path: path.sessionStatus(session.namespace, session.name),
        contentType: mergePatch,
        body: { metadata: { uid: session.uid, resourceVersion: session.resourceVersion }, status },
        signal,
        timeoutMs: 5_000,
      });
      sessions.absorb(answer);
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  return {
    async receive({ namespace, podName, podUid }, report, signal) {
      const told = { session: sessionKey(namespace, podName), run: podUid };
      if (podUid !== report.runUid) {
        log.warn('Report names another run than its token', told);
        return 'forbidden';
      }
      let view: View = {
        pod: findPod(namespace, podName),
        session: sessions.get(sessionKey(namespace, podName)),
      };
      if (runVerdict(podUid, view.pod, view.session) !== 'lives') view = await freshView(namespace, podName, signal);
      for (let writes = 0; writes < writesAtMost; writes++) {
        const { pod, session } = view;
        const verdict = runVerdict(podUid, pod, session);
        if (verdict !== 'lives') {
          log.info('Report of a run that is over', { ...told, reason: verdict });
          return verdict;
        }
        if (pod === undefined || session === undefined) return 'pod_gone'; // For the compiler: the verdict says so.
        const stored = session.status.report;
        if (stored?.runUid === report.runUid && report.sequence <= stored.sequence) return 'accepted';
        if (await write(session, pod, report, signal)) {
          const { state, sequence } = report;
          log.info('Report taken', { ...told, state, sequence });
          return 'accepted';
        }
        view = { pod, session: await freshSession(namespace, podName, signal) };
      }
      return 'too_busy';
    },
  };
}

/** Whether an error of `receive` is the API server's word that the report itself cannot be stored. */
export const isReportUnstorable = (error: unknown) => error instanceof ApiError && error.status === 422;
