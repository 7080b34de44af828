import type { Right } from '@berth/operator/operator-rights.ts';
import type { Manifest } from '../integration/helm-chart.ts';

/** What a rendered chart grants to the operator's account, one right for each verb, resource and name of its rules. */
export function grantedRights(manifests: readonly Manifest[]): Right[] {
  return manifests.flatMap(({ kind, rules = [] }) =>
    kind === 'ClusterRole' || kind === 'Role' ? rules.flatMap((rule) => rightsOfRule(kind, rule)) : [],
  );
}

function rightsOfRule(
  kind: 'ClusterRole' | 'Role',
  { apiGroups, resources, resourceNames, verbs }: NonNullable<Manifest['rules']>[number],
): Right[] {
  const names: readonly (string | undefined)[] = resourceNames ?? [undefined];
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        names.map((name) => ({
          verb,
          group,
          resource,
          ...(name === undefined ? {} : { name }),
          ...(kind === 'Role' ? { inOwnNamespace: true as const } : {}),
        })),
      ),
    ),
  );
}

/** A right in one line, by which two are compared: `patch core/configmaps "berth-ca" everywhere`. */
export const rightInWords = ({ verb, group, resource, name, inOwnNamespace }: Right) =>
  `${verb} ${group || 'core'}/${resource}${name === undefined ? '' : ` "${name}"`} ${inOwnNamespace ? 'in its own namespace' : 'everywhere'}`;
