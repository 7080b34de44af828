import type { ObjectMeta } from '../resource/object-meta.ts';

interface Resource {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly spec: unknown;
  readonly status?: unknown;
}

/** `kubectl apply` keeps the whole manifest once more in this one. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** An object as callers see it: without what only the API server's machinery needs. Items of a list name no kind: it is given. */
export function objectView(raw: unknown, kind: string) {
  const { apiVersion = 'berth.dev/v1alpha1', metadata, spec, status } = raw as Resource;
  const { name, namespace, uid, generation, creationTimestamp, deletionTimestamp, labels, annotations = {} } = metadata;
  const { [lastApplied]: _, ...told } = annotations;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      uid,
      generation,
      creationTimestamp,
      deletionTimestamp,
      labels,
      annotations: Object.keys(told).length === 0 ? undefined : told,
    },
    spec,
    status,
  };
}
