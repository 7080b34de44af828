import type { Right } from '@berth/operator/operator-rights.ts';
import type { Manifest } from '../integration/helm-chart.ts';

/** What a rendered chart grants to the operator's account, one right for each verb, resource and name of its rules. */
export function grantedRights(manifests: readonly Manifest[]): Right[] {
  return manifests.flatMap(({ kind, metadata, rules = [] }) => {
    if (kind === 'ClusterRole') return rules.flatMap((rule) => rightsOfRule(rule, {}));
    const { namespace } = metadata as unknown as { readonly namespace: string };
    return kind === 'Role' ? rules.flatMap((rule) => rightsOfRule(rule, { namespace })) : [];
  });
}

function rightsOfRule(
  { apiGroups, resources, resourceNames, verbs }: NonNullable<Manifest['rules']>[number],
  where: Pick<Right, 'namespace'>,
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
          ...where,
        })),
      ),
    ),
  );
}

/** A right in one line, by which two are compared: `patch core/configmaps "berth-ca" everywhere`. */
export const rightInWords = ({ verb, group, resource, name, namespace }: Right) =>
  `${verb} ${group || 'core'}/${resource}${name === undefined ? '' : ` "${name}"`} ${namespace === undefined ? 'everywhere' : `in "${namespace}"`}`;
