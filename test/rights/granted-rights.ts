import type { Manifest } from '../integration/helm-chart.ts';

/** One thing that the chart lets the operator do. */
export interface GrantedRight {
  readonly verb: string;
  /** API group; empty for the core. */
  readonly group: string;
  /** Plural, with the subresource behind a slash if there is one. */
  readonly resource: string;
  /** The one object that it is for; absent: all of them. */
  readonly name?: string;
  /** `own` is the namespace of the release, `watched` another one that the chart was told of. */
  readonly where: 'everywhere' | 'own' | 'watched';
}

/** The namespace that charts are rendered for. */
const releaseNamespace = 'berth-system';

/** What one or several rendered charts grant: one right for each verb, resource and name of their rules, each once. */
export function grantedRights(manifests: readonly Manifest[]): GrantedRight[] {
  const rights = manifests.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role').flatMap(rightsOfRole);
  return [...new Map(rights.map((right) => [rightInWords(right), right])).values()];
}

function rightsOfRole(role: Manifest): GrantedRight[] {
  const { namespace } = role.metadata as { namespace?: string };
  const inNamespace = namespace === releaseNamespace ? 'own' : 'watched';
  const where = role.kind === 'ClusterRole' ? 'everywhere' : inNamespace;
  return (role.rules ?? []).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames === undefined
            ? [{ verb, group, resource, where }]
            : resourceNames.map((name) => ({ verb, group, resource, name, where })),
        ),
      ),
    ),
  );
}

/** What is done to what, wherever: `patch core/configmaps "berth-ca"`. */
export const actInWords = ({ verb, group, resource, name }: Omit<GrantedRight, 'where'>) =>
  `${verb} ${group || 'core'}/${resource}${name === undefined ? '' : ` "${name}"`}`;

const places = { everywhere: 'everywhere', own: 'in its own namespace', watched: 'in a watched namespace' } as const;

/** A right in one line, by which two are told apart: `patch core/configmaps "berth-ca" everywhere`. */
export const rightInWords = (right: GrantedRight) => `${actInWords(right)} ${places[right.where]}`;
