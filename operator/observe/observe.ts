import type { KubernetesClient } from '../kubernetes/client.ts';
import { isNotFound } from '../kubernetes/errors.ts';
import type { Observed, ObservedNode, ObservedPod, ObservedSession, PlanConfig } from '../plan/observed.ts';
import { isOver } from '../plan/old-view.ts';
import { sightingOf } from '../plan/symptom.ts';
import { claimName, namespaceAndName, path, type SessionKey } from '../resource/names.ts';
import type { Caches } from './caches.ts';
import type { ClaimHolders } from './claim-holders.ts';
import type { RefusedEnds } from './refused-ends.ts';
import type { SessionEndIndex } from './session-ends.ts';
import type { Sightings } from './sightings.ts';
import { optional, slimPod } from './slim-pod.ts';
import type { WebhookSecrets } from './webhook-secrets.ts';

export interface ObserveDependencies {
  readonly caches: Caches;
  readonly sessionEndIndex: SessionEndIndex;
  readonly refusedEnds: RefusedEnds;
  readonly claimHolders: ClaimHolders;
  readonly webhookSecrets: WebhookSecrets;
  readonly sightings: Sightings;
  readonly observeNode: (name: string, nowMs: number, signal: AbortSignal) => Promise<ObservedNode>;
  readonly client: KubernetesClient;
  readonly config: PlanConfig;
  /** Whether Berth is being uninstalled. */
  readonly isDraining: () => boolean;
}

/** Gathers what is known of one key; undefined when neither a session nor a pod of ours is left under it. */
export function createObserve(dependencies: ObserveDependencies) {
  const {
    caches,
    sessionEndIndex,
    refusedEnds,
    claimHolders,
    webhookSecrets,
    sightings,
    observeNode,
    client,
    config,
    isDraining,
  } = dependencies;

  return async function observe(key: SessionKey, signal: AbortSignal): Promise<Observed | undefined> {
    const { namespace, name } = namespaceAndName(key);
    const session = caches.sessions.get(key);
    const watched = ours(caches.pods.get(key));
    const pod = watched ?? (await unseenPod(session, signal));
    const podIsRevenant = await isRevenant(pod, session, signal);
    const nowMs = client.nowMs();
    const node = pod?.nodeName === undefined ? undefined : await observeNode(pod.nodeName, nowMs, signal);
    const symptomSinceMs = sightings.since(
      key,
      sightingOf({ ...optional('pod', pod), ...optional('session', session), ...optional('node', node) }),
      nowMs,
    );
    if (session === undefined && pod === undefined) return undefined;
    const runUid = pod?.uid ?? session?.status.run?.uid;
    return {
      namespace,
      name,
      nowMs,
      config,
      draining: isDraining(),
      waitsForTurn: false, // Until a plan asks for one.
      ...optional('session', session),
      ...optional('pod', pod),
      ...optional('symptomSinceMs', symptomSinceMs),
      podIsWatched: watched !== undefined,
      ...(podIsRevenant ? { podIsRevenant } : {}),
      ...optional('node', node),
      ...endOf(runUid, nowMs),
      ...optional('claim', caches.claims.get(`${namespace}/${claimName(name)}`)),
      ...optional('claimHolder', session && claimHolders.holderBeside(session)),
      claimIsShared: session !== undefined && claimHolders.rivals(session).length > 0,
      missingSecrets: session === undefined ? [] : webhookSecrets.missing(session, nowMs),
      ...optional('undelivered', sessionEndIndex.undelivered(key)),
    };
  };

  /** The watch may be late: the API server is asked before a pod of a run that is over is taken for one that came back. */
  async function isRevenant(pod: ObservedPod | undefined, session: ObservedSession | undefined, signal: AbortSignal) {
    if (pod === undefined || session === undefined || pod.sessionUid !== session.uid || !isOver(pod, session))
      return false;
    try {
      const at = path.pod(pod.namespace, pod.name);
      return slimPod(await client.request({ method: 'GET', path: at, signal })).uid === pod.uid;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** The record of a run's end; where none can be made, what stands for it, and why. */
  function endOf(runUid: string | undefined, nowMs: number): Pick<Observed, 'sessionEnd' | 'endRefusal'> {
    if (!runUid) return {};
    const recorded = sessionEndIndex.ofRun(runUid);
    if (recorded !== undefined) return { sessionEnd: recorded };
    return {
      ...optional('sessionEnd', refusedEnds.standIn(runUid, nowMs)),
      ...optional('endRefusal', refusedEnds.why(runUid)),
    };
  }

  /**
   * A pod that the status knows and the watch does not: its label was taken off, or it is really gone; or one that the
   * watch has not brought yet of a session that is about to be let go. Before anything is concluded from its absence, the
   * API server is asked.
   */
  async function unseenPod(session: ObservedSession | undefined, signal: AbortSignal) {
    const run = session?.status.run;
    const goes = session?.hasFinalizer === true && (session.deletionRequested || isDraining());
    if (session === undefined || (run === undefined && !goes)) return undefined;
    try {
      const raw = await client.request({ method: 'GET', path: path.pod(session.namespace, session.name), signal });
      const pod = slimPod(raw);
      return pod.uid === run?.uid || (goes && pod.sessionUid === session.uid) ? pod : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** A pod with our label that belongs to no session is none of our business. */
const ours = (pod: ObservedPod | undefined) => (pod?.sessionUid === undefined ? undefined : pod);
