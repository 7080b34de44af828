import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../kubernetes/errors.ts';
import {
  apiVersion,
  deliveryFinalizer,
  managedByLabel,
  managedByValue,
  path,
  replayAnnotation,
  sessionLabel,
} from '../resource/names.ts';
import type { SessionEnd, SessionEndStatus } from '../resource/session-end.ts';

/** Reads and writes of the outbox. Each write carries the version that was judged; a conflict means: look again. */
export interface Records {
  /** Undefined when it is gone. */
  read(namespace: string, name: string, signal: AbortSignal): Promise<SessionEnd | undefined>;
  /** Writes what `change` makes of the newest state. Undefined when the record is gone. */
  writeStatus(
    end: SessionEnd,
    change: (newest: SessionEnd) => SessionEndStatus,
    signal: AbortSignal,
  ): Promise<SessionEnd | undefined>;
  /** Takes our finalizer off. Undefined when the record is gone, then or by that. */
  release(end: SessionEnd, signal: AbortSignal): Promise<SessionEnd | undefined>;
  /** Takes the annotation off that asked for a replay; with `keep` the record is held again until it is delivered. */
  acknowledgeReplay(
    end: SessionEnd,
    options: { readonly keep: boolean },
    signal: AbortSignal,
  ): Promise<SessionEnd | undefined>;
  /** Deletes this very record. */
  remove(end: SessionEnd, signal: AbortSignal): Promise<void>;
  /** Copies it, undelivered, into another namespace; that it is there already is fine. */
  copyTo(namespace: string, end: SessionEnd, signal: AbortSignal): Promise<SessionEnd>;
}

/** Looks at a record after a conflict, before it is left to a later attempt. */
const looks = 4;

export function createRecords(client: Pick<KubernetesClient, 'request'>): Records {
  async function read(namespace: string, name: string, signal: AbortSignal): Promise<SessionEnd | undefined> {
    return goneIsUndefined(client.request({ method: 'GET', path: path.sessionEnd(namespace, name), signal }));
  }

  async function patch(
    at: string,
    { metadata }: SessionEnd,
    body: Readonly<Record<string, object>>,
    signal: AbortSignal,
  ) {
    const { uid, resourceVersion } = metadata;
    return goneIsUndefined(
      client.request<SessionEnd>({
        method: 'PATCH',
        path: at,
        contentType: mergePatch,
        body: { ...body, metadata: { ...body['metadata'], uid, resourceVersion } },
        signal,
      }),
    );
  }

  return {
    read,

    async writeStatus(end, change, signal) {
      const { namespace, name, uid } = end.metadata;
      let newest: SessionEnd | undefined = end;
      for (let look = 1; newest !== undefined && newest.metadata.uid === uid; look++) {
        const next = change(newest);
        // What is no longer so has to be named: a merge patch leaves alone what it does not mention.
        const status = { nextAttemptAt: null, ...next };
        try {
          return await patch(path.sessionEndStatus(namespace, name), newest, { status }, signal);
        } catch (error) {
          if (!isConflict(error) || look === looks) throw error;
          newest = await read(namespace, name, signal);
        }
      }
      return undefined;
    },

    async release(end, signal) {
      const { namespace, name, deletionTimestamp, finalizers = [] } = end.metadata;
      const others = finalizers.filter((finalizer) => finalizer !== deliveryFinalizer);
      const metadata = { finalizers: others };
      const released = await patch(path.sessionEnd(namespace, name), end, { metadata }, signal);
      return deletionTimestamp !== undefined && others.length === 0 ? undefined : released;
    },

    async acknowledgeReplay(end, { keep }, signal) {
      const { namespace, name, finalizers = [] } = end.metadata;
      const held = finalizers.includes(deliveryFinalizer) || !keep ? finalizers : [...finalizers, deliveryFinalizer];
      const metadata = { finalizers: held, annotations: { [replayAnnotation]: null } };
      return patch(path.sessionEnd(namespace, name), end, { metadata }, signal);
    },

    async remove({ metadata: { namespace, name, uid, resourceVersion } }, signal) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } };
      await goneIsUndefined(client.request({ method: 'DELETE', path: path.sessionEnd(namespace, name), body, signal }));
    },

    async copyTo(namespace, { metadata: { name }, spec }, signal) {
      const labels = { [managedByLabel]: managedByValue, [sessionLabel]: spec.session.name };
      const metadata = { name, namespace, labels, finalizers: [deliveryFinalizer] };
      const body = { apiVersion, kind: 'SessionEnd', metadata, spec };
      try {
        return await client.request<SessionEnd>({ method: 'POST', path: path.sessionEnds(namespace), body, signal });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        return client.request<SessionEnd>({ method: 'GET', path: path.sessionEnd(namespace, name), signal });
      }
    },
  };
}

async function goneIsUndefined<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
