import type { ObservedContainer, ObservedPod } from '../plan/observed.ts';
import { dataVolume, podAnnotation, podFinalizer, sessionContainer } from '../resource/names.ts';
import type { ObjectMeta } from '../resource/object-meta.ts';
import type { Sink } from '../resource/session-end.ts';

/** The part of a v1 Pod that is read. */
interface Pod {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly nodeName?: string;
    readonly volumes?: readonly {
      readonly name: string;
      readonly persistentVolumeClaim?: { readonly claimName: string };
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly PodCondition[];
    readonly containerStatuses?: readonly { readonly name: string; readonly state?: ContainerState }[];
  };
}

interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly reason?: string;
    readonly message?: string;
    readonly exitCode: number;
    readonly signal?: number;
    readonly finishedAt?: string | null;
  };
}

/** Cuts a pod down to what `plan` reads. */
export function slimPod(raw: unknown): ObservedPod {
  const { metadata, spec, status } = raw as Pod;
  const annotations = metadata.annotations ?? {};
  const condition = (type: string) => status?.conditions?.find((each) => each.type === type);
  const owner = metadata.ownerReferences?.find(({ kind, controller }) => kind === 'WhatsAppSession' && controller);
  const sessionUid = owner?.uid ?? annotations[podAnnotation.sessionUid];
  const runNumber = Number(annotations[podAnnotation.runNumber]);
  const ready = condition('Ready');
  const scheduled = condition('PodScheduled');
  const unschedulable = scheduled?.status === 'False' && scheduled.reason === 'Unschedulable';
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    createdAtMs: Date.parse(metadata.creationTimestamp),
    deletionRequested: metadata.deletionTimestamp !== undefined,
    ...optional('deletionAtMs', metadata.deletionTimestamp && Date.parse(metadata.deletionTimestamp)),
    ...optional('deletionGraceSeconds', metadata.deletionGracePeriodSeconds),
    hasFinalizer: metadata.finalizers?.includes(podFinalizer) ?? false,
    otherFinalizers: metadata.finalizers?.filter((finalizer) => finalizer !== podFinalizer) ?? [],
    ...optional('sessionUid', sessionUid),
    ...optional('runNumber', Number.isSafeInteger(runNumber) && runNumber > 0 ? runNumber : undefined),
    ...optional('engine', annotations[podAnnotation.engine]),
    sinks: parseSinks(annotations[podAnnotation.sinks]),
    ...optional('specHash', annotations[podAnnotation.specHash]),
    ...optional('templateHash', annotations[podAnnotation.templateHash]),
    ...optional('restartedAt', annotations[podAnnotation.restartedAt]),
    ...optional('loggedOutAt', annotations[podAnnotation.loggedOutAt]),
    ...optional('claim', spec?.volumes?.find(({ name }) => name === dataVolume)?.persistentVolumeClaim?.claimName),
    ...optional('nodeName', spec?.nodeName),
    ...optional('podIp', status?.podIP),
    phase: status?.phase ?? 'Pending',
    ready: ready?.status === 'True',
    ...optional('readyChangedAtMs', ready?.lastTransitionTime && Date.parse(ready.lastTransitionTime)),
    disrupted: condition('DisruptionTarget')?.status === 'True',
    ...optional('unschedulable', unschedulable ? (scheduled.message ?? 'the scheduler gives no reason') : undefined),
    container: slimContainer(status?.containerStatuses?.find(({ name }) => name === sessionContainer)?.state),
  };
}

function slimContainer(state: ContainerState | undefined): ObservedContainer {
  if (state?.terminated !== undefined) {
    const { reason = '', message = '', exitCode, signal, finishedAt } = state.terminated;
    return {
      state: 'terminated',
      reason,
      message,
      exitCode,
      ...optional('signal', signal === 0 ? undefined : signal),
      // Null for a container that was not there when its pod was ended: seen of one killed before it was made.
      ...optional('finishedAtMs', finishedAt ? Date.parse(finishedAt) : undefined),
    };
  }
  if (state?.running !== undefined)
    return { state: 'running', startedAtMs: Date.parse(state.running.startedAt ?? '') || 0 };
  if (state?.waiting !== undefined)
    return { state: 'waiting', reason: state.waiting.reason ?? '', message: state.waiting.message ?? '' };
  return { state: 'absent' };
}

/** The annotation is ours, but anybody who may edit pods may break it: a broken one means no sinks, never a stuck pod. */
function parseSinks(annotation: string | undefined): readonly Sink[] {
  if (annotation === undefined) return [];
  let sinks: unknown;
  try {
    sinks = JSON.parse(annotation);
  } catch {
    return [];
  }
  return Array.isArray(sinks) ? sinks.filter(isStorable).slice(0, sinksAtMost) : [];
}

/** What the CRD takes of a sink: a record that it refuses would keep a dead pod for ever. */
const sinksAtMost = 16;
const isText = (value: unknown, limit: number) => typeof value === 'string' && value.length <= limit;
function isStorable(sink: unknown): sink is Sink {
  const { url, secretRef } = (sink ?? {}) as { url?: unknown; secretRef?: { name?: unknown; key?: unknown } };
  return (
    isText(url, 1024) && (secretRef === undefined || (isText(secretRef?.name, 253) && isText(secretRef?.key, 253)))
  );
}

/** A property only where there is a value: an absent key and `undefined` differ in the types. */
export function optional<K extends string, V>(key: K, value: V | undefined | '' | null): { [key in K]?: V } {
  return value === undefined || value === null || value === '' ? {} : ({ [key]: value } as { [key in K]: V });
}
