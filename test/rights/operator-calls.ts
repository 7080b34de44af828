import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** One request that an account of the operator has made, as the API server's audit log has it. */
export interface Call {
  readonly verb: string;
  /** API group; empty for the core. */
  readonly group: string;
  /** Plural, with the subresource behind a slash if there is one; the path of a request that is for no resource. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Status of the answer. */
  readonly code: number;
  /** Whether the authorizer let it pass: what refuses a request afterwards, as a quota does, is no question of rights. */
  readonly authorized: boolean;
  /** What the API server said when it refused. */
  readonly refusal?: string;
  /** Whether it was refused because everything in its namespace is going. */
  readonly namespaceGoes: boolean;
  readonly account: Account;
  readonly atMs: number;
}

/** A ServiceAccount that a part of the operator has used. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** A span, in milliseconds since the epoch, in which a binding of rights was away, and operators may not know it yet. */
export interface Unbound {
  /** Where the rights were; absent: everywhere. */
  readonly namespace?: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the audit log tells of the operators of one run of the tests. */
export interface OperatorCalls {
  readonly calls: readonly Call[];
  /** Of all accounts together. */
  readonly unbound: readonly Unbound[];
  /** When the first event of the log was, in milliseconds since the epoch: whether it reaches back far enough. */
  readonly logBeginsMs: number;
}

/** The part of audit.k8s.io/v1 Event that is read, at level Metadata. */
export interface RawAuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: {
    readonly code?: number;
    readonly message?: string;
    readonly details?: { readonly causes?: readonly { readonly reason?: string }[] };
  };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** As the operator, its drain and its check name themselves. */
const agent = /^berth-/;
const serviceAccount = /^system:serviceaccount:([^:]+):([^:]+)$/;
/** Cheap signs in a line that it may matter: one in a hundred does, and to parse all would take a minute. */
const signs = ['"username":"system:serviceaccount:', 'rolebindings'];
/** The authorizer sees a binding that was made a moment later, in milliseconds. */
const bindingIsLateMs = 5_000;
/** So long after helm took away the rights over the cluster, operators that used them have ended, in milliseconds. */
const operatorsEndWithinMs = 60_000;

/** Reads the calls of all operators since a moment out of an audit log and the one that was rotated away before it. */
export async function readOperatorCalls(logDir: string, sinceMs: number): Promise<OperatorCalls> {
  const files = (await readdir(logDir)).filter((file) => /^audit(-.*)?\.log$/.test(file)).sort(rotatedFirst);
  const events: RawAuditEvent[] = [];
  let logBeginsMs = Number.POSITIVE_INFINITY;
  for (const file of files) {
    const lines = createInterface({ input: createReadStream(join(logDir, file)), crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of lines) {
      if (logBeginsMs !== Number.POSITIVE_INFINITY && !signs.some((sign) => line.includes(sign))) continue;
      const event = parse(line);
      if (event === undefined) continue;
      logBeginsMs = Math.min(logBeginsMs, Date.parse(event.requestReceivedTimestamp));
      if (Date.parse(event.requestReceivedTimestamp) >= sinceMs) events.push(event);
    }
  }
  return { ...callsIn(events), logBeginsMs };
}

/** `audit-<when>.log`, which was rotated away, comes before `audit.log`. */
const rotatedFirst = (a: string, b: string) =>
  Number(a === 'audit.log') - Number(b === 'audit.log') || (a < b ? -1 : 1);

/** The last line may be one that is just being written. */
function parse(line: string): RawAuditEvent | undefined {
  return line.endsWith('}') ? (JSON.parse(line) as RawAuditEvent) : undefined;
}

/** Finds the operators among those who asked, and gives what each of them did. */
export function callsIn(events: readonly RawAuditEvent[]): Pick<OperatorCalls, 'calls' | 'unbound'> {
  const isOurs = ({ userAgent = '', user }: RawAuditEvent) =>
    agent.test(userAgent) && serviceAccount.test(user.username);
  // Whatever such an account did counts, also by another client.
  const accounts = new Set(events.filter(isOurs).map(({ user }) => user.username));
  const calls = events.filter(({ user }) => accounts.has(user.username)).map(callOf);
  return { calls, unbound: unboundIn(events, accounts) };
}

function callOf(event: RawAuditEvent): Call {
  const { verb, requestURI, objectRef, responseStatus, annotations, requestReceivedTimestamp } = event;
  const { apiGroup = '', resource, subresource, namespace, name } = objectRef ?? {};
  const plural = resource ?? requestURI.replace(/\?.*/, '');
  const causes = responseStatus?.details?.causes ?? [];
  const [, accountNamespace = '', accountName = ''] = serviceAccount.exec(event.user.username) ?? [];
  return {
    verb,
    group: apiGroup,
    resource: subresource === undefined ? plural : `${plural}/${subresource}`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    code: responseStatus?.code ?? 0,
    authorized: annotations?.['authorization.k8s.io/decision'] === 'allow',
    ...(responseStatus?.message === undefined ? {} : { refusal: responseStatus.message }),
    namespaceGoes: causes.some(({ reason }) => reason === 'NamespaceTerminating'),
    account: { namespace: accountNamespace, name: accountName },
    atMs: Date.parse(requestReceivedTimestamp),
  };
}

/**
 * The chart names bindings after its account. They go when helm takes them away; in a namespace that was named to the chart
 * also when the operator lets go of its own, which it does last, and after that it asks in vain.
 */
function unboundIn(events: readonly RawAuditEvent[], accounts: ReadonlySet<string>): Unbound[] {
  const spans: Unbound[] = [];
  const away = new Map<string, Unbound>();
  for (const { verb, user, objectRef, responseStatus, requestReceivedTimestamp, stageTimestamp } of events) {
    const { resource = '', namespace, name = '' } = objectRef ?? {};
    const isOurs = [...accounts].some((account) => name.startsWith(account.replace(/^.*:/, '')));
    if (!resource.endsWith('rolebindings') || !isOurs || (responseStatus?.code ?? 500) >= 300) continue;
    const key = `${resource} ${namespace} ${name}`;
    const before = away.get(key);
    const goes = verb === 'delete' || (verb === 'patch' && accounts.has(user.username));
    if (goes && before === undefined) {
      const fromMs = Date.parse(requestReceivedTimestamp);
      const toMs = namespace === undefined ? fromMs + operatorsEndWithinMs : Number.POSITIVE_INFINITY;
      away.set(key, { fromMs, toMs, ...(namespace === undefined ? {} : { namespace }) });
    }
    if (verb !== 'create' || before === undefined) continue;
    spans.push({ ...before, toMs: Math.min(before.toMs, Date.parse(stageTimestamp) + bindingIsLateMs) });
    away.delete(key);
  }
  return [...spans, ...away.values()];
}
