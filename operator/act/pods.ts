import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { isAlreadyExists, isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { slimPod } from '../observe/slim-pod.ts';
import type { Action } from '../plan/action.ts';
import { isConfirmedDead } from '../plan/confirmed-dead.ts';
import { isPresumedDead } from '../plan/fence.ts';
import type { PodManifest } from '../plan/manifests.ts';
import type { Observed, ObservedPod } from '../plan/observed.ts';
import type { SessionPodClient } from '../pods/session-pod-client.ts';
import { path, podFinalizer, sessionKey } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import { PodNameTakenError } from './pod-name-taken-error.ts';

type StopTarget = Parameters<SessionPodClient['askToStop']>[0];
type AskPodToStop = Extract<Action, { type: 'AskPodToStop' }>;
/** Pods that were asked to stop are remembered so that each is asked once; beyond so many, the oldest is asked again. */
const rememberedAsks = 1024;
/** Stops under way at once: each is a TLS connection of its own, and an uninstall stops everything together. */
const askingAtMost = 64;
const removeTimeoutMs = 10_000;

/** Writes to pods. Each carries the pod's uid, or a resourceVersion that was judged, as its precondition. */
export function createPods(dependencies: {
  readonly client: KubernetesClient;
  readonly pods: SlimCache<ObservedPod>;
  readonly sessionPods: SessionPodClient;
  /** A pod was let go. */
  readonly onReleased?: (observed: Observed) => void;
  readonly log: Log;
}) {
  const { client, pods, sessionPods, log } = dependencies;
  const asked = new Set<string>();
  const asking = new Set<Promise<void>>();

  /** Grace 0 and the uid travel in one body: a deletion meant for an old run never hits its successor. */
  async function remove({ namespace, name }: Observed, uid: string, signal: AbortSignal): Promise<void> {
    try {
      const answer = await client.request<{ kind?: string; metadata?: { uid?: string } }>({
        method: 'DELETE',
        path: path.pod(namespace, name),
        body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } },
        signal,
      });
      // Without a finalizer the object goes at once, and the answer is its last state.
      const held = pods.get(sessionKey(namespace, name));
      if (answer.kind === 'Pod' && held?.uid === uid && held.hasFinalizer) pods.absorb(answer);
      log.info('Pod deleted', { session: `${namespace}/${name}`, run: uid, gracePeriodSeconds: 0 });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      pods.absorbGone(sessionKey(namespace, name), uid);
    }
  }

  async function setFinalizers(pod: ObservedPod, finalizers: readonly string[], signal: AbortSignal): Promise<unknown> {
    const { namespace, name, uid, resourceVersion } = pod;
    return client.request({
      method: 'PATCH',
      path: path.pod(namespace, name),
      contentType: mergePatch,
      body: { metadata: { uid, resourceVersion, finalizers } },
      signal,
    });
  }

  /** Never rejects: when neither the stop nor the deletion gets through, the stop's deadline brings the next deletion. */
  async function askOrRemove(observed: Observed, stop: Omit<StopTarget, 'signal'>, uid: string): Promise<void> {
    const told = { session: sessionKey(observed.namespace, observed.name), run: uid };
    try {
      await sessionPods.askToStop(stop);
    } catch (error) {
      log.warn('Pod does not answer a stop; it is deleted', { ...told, error });
      await remove(observed, uid, AbortSignal.timeout(removeTimeoutMs)).catch((failure: unknown) =>
        log.warn('Pod not deleted; it is when the time for its stop is over', { ...told, error: failure }),
      );
    }
  }

  return {
    remove,

    async create({ namespace, name }: Observed, manifest: PodManifest, signal: AbortSignal): Promise<void> {
      try {
        pods.absorb(await client.request({ method: 'POST', path: path.pods(namespace), body: manifest, signal }));
        log.info('Pod created', { session: `${namespace}/${name}` });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        const standing = await client.request({ method: 'GET', path: path.pod(namespace, name), signal });
        if (slimPod(standing).sessionUid === undefined)
          throw new PodNameTakenError(sessionKey(namespace, name), { cause: error });
        pods.absorb(standing); // Another leader's, or our own before a crash.
        // One that the watch saw go lost its label, or is going: it is looked for again.
        if (pods.get(sessionKey(namespace, name))?.uid !== slimPod(standing).uid)
          throw new PodNameTakenError(sessionKey(namespace, name), { cause: error });
      }
    },

    async addFinalizer({ pod }: Observed, uid: string, signal: AbortSignal): Promise<void> {
      if (pod?.uid !== uid) return;
      pods.absorb(await setFinalizers(pod, [...pod.otherFinalizers, podFinalizer], signal));
    },

    /** Judges once more, on the newest state held, whether the pod is dead: that state's version is the precondition. */
    async removeFinalizer(observed: Observed, uid: string, signal: AbortSignal): Promise<void> {
      const key = sessionKey(observed.namespace, observed.name);
      const held = pods.get(key);
      const pod = held?.uid === uid ? held : observed.pod;
      if (pod?.uid !== uid || !pod.hasFinalizer) return;
      if (!isConfirmedDead(pod) && !isPresumedDead({ ...observed, pod })) return;
      try {
        const answer = await setFinalizers(pod, pod.otherFinalizers, signal);
        // The API server keeps an object whose grace is not over, even without finalizers.
        const goes = pod.deletionRequested && (pod.deletionGraceSeconds ?? 0) === 0 && pod.otherFinalizers.length === 0;
        if (goes) pods.absorbGone(key, uid);
        else pods.absorb(answer);
        log.info('Pod released', { session: key, run: uid });
        dependencies.onReleased?.(observed);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        pods.absorbGone(key, uid);
      }
    },

    /**
     * Asks once, and does not wait for the answer: a force-kill that comes meanwhile must find the session free. A pod that
     * does not answer is deleted at once: it would not use the time that is left.
     */
    async askToStop(observed: Observed, { uid, withinMs, logout }: AskPodToStop, signal: AbortSignal): Promise<void> {
      const { pod, session } = observed;
      const certificateSha256 = session?.status.report?.certificateSha256;
      if (asked.has(uid) || pod?.uid !== uid) return;
      if (pod.podIp === undefined || certificateSha256 === undefined) return remove(observed, uid, signal);
      while (asking.size >= askingAtMost) await Promise.race(asking);
      asked.add(uid);
      if (asked.size > rememberedAsks) asked.delete(asked.values().next().value ?? '');
      const ask = askOrRemove(
        observed,
        { podIp: pod.podIp, certificateSha256, withinMs, ...(logout ? { logout } : {}) },
        uid,
      ).finally(() => asking.delete(ask));
      asking.add(ask);
    },
  };
}
export type Pods = ReturnType<typeof createPods>;
