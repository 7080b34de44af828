import type { Right } from '@berth/operator/operator-rights.ts';
import type { Manifest } from '../integration/helm-chart.ts';

/** What rendered charts grant to the operator's account: each verb, resource and name of their rules once. */
export function grantedRights(manifests: readonly Manifest[]): Right[] {
  const rights = manifests.flatMap(({ kind, metadata, rules = [] }) => {
    if (kind === 'ClusterRole') return rules.flatMap((rule) => rightsOfRule(rule, {}));
    const { namespace } = metadata as unknown as { readonly namespace: string };
    return kind === 'Role' ? rules.flatMap((rule) => rightsOfRule(rule, { namespace })) : [];
  });
  return [...new Map(rights.map((right) => [rightInWords(right), right])).values()];
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

/** What is done to what, wherever: `patch core/configmaps "berth-ca"`. */
export const actInWords = ({ verb, group, resource, name }: Omit<Right, 'namespace'>) =>
  `${verb} ${group || 'core'}/${resource}${name === undefined ? '' : ` "${name}"`}`;

/** A right in one line, by which two are compared: `patch core/configmaps "berth-ca" everywhere`. */
export const rightInWords = (right: Right) =>
  `${actInWords(right)} ${right.namespace === undefined ? 'everywhere' : `in "${right.namespace}"`}`;
