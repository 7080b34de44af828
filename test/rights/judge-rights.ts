import type { Right } from '@berth/operator/operator-rights.ts';
import { actInWords, rightInWords } from './granted-rights.ts';
import type { Call, OperatorCalls } from './operator-calls.ts';

/** A right that a run of the tests may leave unused, with the rare event that needs it. */
export interface RarelyUsed {
  /** Wherever it is granted. */
  readonly right: Omit<Right, 'namespace'>;
  readonly neededWhen: string;
  /** The test in which it is used, where what is rare is made to happen. */
  readonly shownBy: string;
}

/** What the operators called beside what they may; each list has a sentence for each finding. */
export interface RightsVerdict {
  /** Called, and granted by no rule of the chart, whether it was refused or something else allowed it. */
  readonly missing: readonly string[];
  /** Granted, and refused all the same, by the authorizer or by what comes after it. */
  readonly refused: readonly string[];
  /** Granted, called by nobody, and no rare event is known that needs it. */
  readonly unused: readonly string[];
  /** Each right with the number of calls that used it: what there was to be judged. */
  readonly uses: ReadonlyMap<string, number>;
}

/** The account in the rendered chart. */
const renderedAccount = 'berth-operator';
const renderedNamespace = 'berth-system';
/** What Kubernetes itself allows to every account: an account asks about itself, as `helm test` does. */
const everybodyMay: readonly Right[] = [
  { verb: 'create', group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' },
];

/** Compares calls with rights. What each account did counts for the one that the chart was rendered for. */
export function judgeRights(
  { calls, unbound }: Pick<OperatorCalls, 'calls' | 'unbound'>,
  granted: readonly Right[],
  rarelyUsed: readonly RarelyUsed[],
): RightsVerdict {
  const uses = new Map(granted.map((right) => [rightInWords(right), 0]));
  const [missing, refused] = [findings(), findings()];
  const isUnbound = (call: Call) =>
    unbound.some(
      ({ namespace = call.namespace, fromMs, toMs }) =>
        namespace === call.namespace && call.atMs >= fromMs && call.atMs <= toMs,
    );

  for (const call of calls) {
    const rights = granted.filter((right) => covers(right, call));
    if (rights.length === 0 && !everybodyMay.some((right) => covers(right, call))) missing.add(call);
    if (call.authorized) for (const right of rights.map(rightInWords)) uses.set(right, (uses.get(right) ?? 0) + 1);
    // While helm takes bindings away, operators that still end are refused; in a namespace that goes nothing is made.
    const isExpected = call.authorized ? call.namespaceGoes : isUnbound(call);
    if (call.code === 403 && rights.length > 0 && !isExpected) refused.add(call);
  }
  const rare = new Set(rarelyUsed.map(({ right }) => actInWords(right)));
  const unused = granted.filter((right) => uses.get(rightInWords(right)) === 0 && !rare.has(actInWords(right)));
  return { missing: missing.inWords(), refused: refused.inWords(), unused: unused.map(rightInWords), uses };
}

function covers({ verb, group, resource, name, namespace }: Right, call: Call): boolean {
  const { account } = call;
  const isOwn = call.namespace === account.namespace;
  return (
    verb === call.verb &&
    group === call.group &&
    resource === call.resource &&
    (name === undefined || name === asRendered(call)) &&
    // Any other namespace in the rendered chart stands for those that the tests have named.
    (namespace === undefined || (namespace === renderedNamespace ? isOwn : call.namespace !== undefined && !isOwn))
  );
}

/** What is named after the account, as its Lease is, is named after that of the rendered chart. */
function asRendered({ name, account }: Call): string | undefined {
  return name?.startsWith(account.name) ? `${renderedAccount}${name.slice(account.name.length)}` : name;
}

/** Calls that differ in their objects only are one finding, which is told with the first of them. */
function findings() {
  const found = new Map<string, { readonly first: Call; times: number }>();
  return {
    add(call: Call): void {
      const { verb, group, resource, code, account } = call;
      const key = JSON.stringify([verb, group, resource, code, account]);
      const known = found.get(key);
      if (known === undefined) found.set(key, { first: call, times: 1 });
      else known.times++;
    },
    inWords: () => [...found.values()].map(({ first, times }) => callInWords(first, times)),
  };
}

function callInWords({ verb, group, resource, namespace, name, code, account, refusal }: Call, times: number): string {
  const object = `${name === undefined ? '' : ` "${name}"`}${namespace === undefined ? '' : ` in "${namespace}"`}`;
  return (
    `"${account.namespace}/${account.name}" called ${verb} ${group || 'core'}/${resource} ${times} times, ` +
    `at first${object === '' ? '' : ` on${object}`} with the answer ${code}${refusal === undefined ? '' : `, "${refusal}"`}`
  );
}
