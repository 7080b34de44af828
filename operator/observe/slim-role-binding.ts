import { lastOutFinalizer } from '../resource/names.ts';
import type { ObjectMeta } from '../resource/object-meta.ts';
import type { Cached } from '../watch/slim-cache.ts';

/** The operator's own RoleBinding in a namespace, cut down to what tells that it is taken away. */
export interface SlimRoleBinding extends Cached {
  /** It is being deleted, and waits for us to let go of it. */
  readonly waitsForUs: boolean;
}

/** Cuts a RoleBinding down. */
export function slimRoleBinding(raw: unknown): SlimRoleBinding {
  const { namespace, name, uid, resourceVersion, deletionTimestamp, finalizers } = (raw as { metadata: ObjectMeta })
    .metadata;
  const waitsForUs = deletionTimestamp !== undefined && (finalizers?.includes(lastOutFinalizer) ?? false);
  return { namespace, name, uid, resourceVersion, waitsForUs };
}
