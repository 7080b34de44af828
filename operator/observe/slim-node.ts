import type { ObjectMeta } from '../resource/object-meta.ts';
import { optional } from './slim-pod.ts';

/** A v1 Node, cut down to what tells whether its processes can be reached. */
export interface SlimNode {
  /** Empty: a node is in none. */
  readonly namespace: '';
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly ready: boolean;
  readonly readyChangedAtMs?: number;
  readonly outOfService: boolean;
  readonly bootId?: string;
}

interface Node {
  readonly metadata: Omit<ObjectMeta, 'namespace'>;
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly nodeInfo?: { readonly bootID?: string };
  };
}

/** Put on by a person, or by what fences machines, once a machine is known to be shut down. */
const outOfServiceTaint = 'node.kubernetes.io/out-of-service';

/** Cuts a node down. One that has not said yet whether it is ready is not. */
export function slimNode(raw: unknown): SlimNode {
  const { metadata, spec, status } = raw as Node;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    namespace: '',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    ready: ready?.status === 'True',
    ...optional('readyChangedAtMs', ready?.lastTransitionTime && Date.parse(ready.lastTransitionTime)),
    outOfService: spec?.taints?.some(({ key }) => key === outOfServiceTaint) ?? false,
    ...optional('bootId', status?.nodeInfo?.bootID),
  };
}

/** Whether two states of a node differ in anything that is read: its heartbeats are no news. */
export function isSameNode(one: SlimNode | undefined, other: SlimNode | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.uid === other.uid &&
    one.ready === other.ready &&
    one.readyChangedAtMs === other.readyChangedAtMs &&
    one.outOfService === other.outOfService &&
    one.bootId === other.bootId
  );
}

/** The key of a node in its cache. */
export const nodeKey = (name: string): string => `/${name}`;
