/** Group and version of Berth's resources. */
export const group = 'berth.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;

/** Keeps a pod's object until its end is proved and recorded. */
export const podFinalizer = 'berth.dev/session-end';
/** Keeps a session's object until its last run has ended. */
export const sessionFinalizer = 'berth.dev/teardown';
/** Keeps an undelivered SessionEnd. */
export const deliveryFinalizer = 'berth.dev/delivery';
/** On a SessionEnd, with any value: what was given up is tried again. */
export const replayAnnotation = 'berth.dev/replay';

/** Label on pods, claims and SessionEnds: the session's name. For selecting only: whose a pod is, its owner says. */
export const sessionLabel = 'berth.dev/session';
/** Label that the watches select by. */
export const managedByLabel = 'app.kubernetes.io/managed-by';
export const managedByValue = 'berth';

/** Annotations of a pod, all set at its creation: what is needed to record its end when the session is gone. */
export const podAnnotation = {
  sessionUid: 'berth.dev/session-uid',
  runNumber: 'berth.dev/run-number',
  engine: 'berth.dev/engine',
  /** JSON: the sinks as they were. */
  sinks: 'berth.dev/sinks',
  /** Hash of that part of the session's spec which shapes the pod. */
  specHash: 'berth.dev/spec-hash',
  /** Hash of what the operator put into the pod by itself: image and defaults. */
  templateHash: 'berth.dev/template-hash',
  /** `spec.restartedAt` as it was, if it was set. */
  restartedAt: 'berth.dev/restarted-at',
} as const;

/** The container whose end is the run's end. */
export const sessionContainer = 'session';
/** The pod's volume with the credentials: whose claim is its claim. */
export const dataVolume = 'data';
/** ConfigMap with the operator's CA in each namespace with sessions, key `ca.crt`. */
export const caConfigMap = 'berth-ca';

/** `<namespace>/<name>`: of a session, and of its pod, which has the same name. */
export type SessionKey = string & { readonly brand?: 'SessionKey' };

export function sessionKey(namespace: string, name: string): SessionKey {
  return `${namespace}/${name}`;
}

/** @throws {RangeError} the key has no slash: a bug of the caller. */
export function namespaceAndName(key: SessionKey): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  if (slash < 1) throw new RangeError(`Cannot split the key "${key}": it has no namespace`);
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The claim that Berth makes for a session's credentials, unless it names an existing one. */
export const claimName = (session: string) => `${session}-data`;
/** A run has one SessionEnd, because creating this name twice is AlreadyExists. */
export const sessionEndName = (session: string, runUid: string) => `${session}-${runUid}`;

const sessionsIn = (namespace?: string) =>
  `/apis/${apiVersion}${namespace === undefined ? '' : `/namespaces/${namespace}`}`;
const coreIn = (namespace?: string) => `/api/v1${namespace === undefined ? '' : `/namespaces/${namespace}`}`;

/** Request paths. Without a namespace: the collection over all of them. */
export const path = {
  sessions: (namespace?: string) => `${sessionsIn(namespace)}/whatsappsessions`,
  session: (namespace: string, name: string) => `${sessionsIn(namespace)}/whatsappsessions/${name}`,
  sessionStatus: (namespace: string, name: string) => `${sessionsIn(namespace)}/whatsappsessions/${name}/status`,
  sessionEnds: (namespace?: string) => `${sessionsIn(namespace)}/sessionends`,
  sessionEnd: (namespace: string, name: string) => `${sessionsIn(namespace)}/sessionends/${name}`,
  sessionEndStatus: (namespace: string, name: string) => `${sessionsIn(namespace)}/sessionends/${name}/status`,
  pods: (namespace?: string) => `${coreIn(namespace)}/pods`,
  pod: (namespace: string, name: string) => `${coreIn(namespace)}/pods/${name}`,
  nodes: '/api/v1/nodes',
  node: (name: string) => `/api/v1/nodes/${name}`,
  claims: (namespace?: string) => `${coreIn(namespace)}/persistentvolumeclaims`,
  claim: (namespace: string, name: string) => `${coreIn(namespace)}/persistentvolumeclaims/${name}`,
  configMaps: (namespace: string) => `${coreIn(namespace)}/configmaps`,
  configMap: (namespace: string, name: string) => `${coreIn(namespace)}/configmaps/${name}`,
  secrets: (namespace: string) => `${coreIn(namespace)}/secrets`,
  secret: (namespace: string, name: string) => `${coreIn(namespace)}/secrets/${name}`,
  events: (namespace: string) => `${coreIn(namespace)}/events`,
  lease: (namespace: string, name: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`,
  leases: (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
  tokenReviews: '/apis/authentication.k8s.io/v1/tokenreviews',
} as const;
