/** One thing that the operator must be allowed to do. */
export interface Right {
  readonly verb: string;
  /** API group; empty for the core. */
  readonly group: string;
  /** Plural, with the subresource behind a slash if there is one. */
  readonly resource: string;
  /** The one object that it is for; absent: all of them. */
  readonly name?: string;
  /** In this namespace alone; absent: in all. */
  readonly namespace?: string;
}

/** An install, as its configuration names it. */
export interface RightsOf {
  /** The operator's own. */
  readonly namespace: string;
  readonly leaseName: string;
  /** Those whose sessions are run; empty: all. */
  readonly watchNamespaces: readonly string[];
  readonly sessionsRoleName: string;
}

const rights = (group: string, resource: string, verbs: string, where: Pick<Right, 'name' | 'namespace'> = {}) =>
  verbs.split(' ').map((verb): Right => ({ verb, group, resource, ...where }));

type Where = Pick<Right, 'namespace'>;

const sessionEndRights = (where: Where) => [
  ...rights('berth.dev', 'sessionends', 'get list watch create patch delete', where),
  ...rights('berth.dev', 'sessionends/status', 'patch', where),
];

const sessionRights = (where: Where) => [
  ...rights('berth.dev', 'whatsappsessions', 'get list watch patch', where),
  ...rights('berth.dev', 'whatsappsessions/status', 'patch', where),
  ...sessionEndRights(where),
  ...rights('', 'pods', 'get list watch create patch delete', where),
  ...rights('', 'persistentvolumeclaims', 'list watch create delete', where),
  ...rights('', 'configmaps', 'create', where),
  ...rights('', 'configmaps', 'get patch', { name: 'berth-ca', ...where }),
  ...rights('', 'secrets', 'get', where),
  ...rights('', 'events', 'create', where),
];

/** Only rights over the cluster reach what is in no namespace. */
const clusterRights = [
  ...rights('', 'nodes', 'get list watch'),
  ...rights('authentication.k8s.io', 'tokenreviews', 'create'),
];

const rbac = 'rbac.authorization.k8s.io';

/** To take the finalizer off them. */
const lastOutRights = (name: string, namespace: string) => [
  ...rights(rbac, 'roles', 'get patch', { name, namespace }),
  ...rights(rbac, 'rolebindings', 'get list watch patch', { name, namespace }),
];

/** All that the chart's roles grant, in their order, where each rule says what it is for; a test compares the two. */
export function operatorRights({
  namespace,
  leaseName,
  watchNamespaces,
  sessionsRoleName,
}: RightsOf): readonly Right[] {
  const own = { namespace };
  const isNamespaced = watchNamespaces.length > 0;
  return [
    ...(isNamespaced ? [] : [...sessionRights({}), ...clusterRights]),
    ...watchNamespaces.flatMap((watched) => [
      ...sessionRights({ namespace: watched }),
      ...(watched === namespace ? [] : lastOutRights(sessionsRoleName, watched)),
    ]),
    ...rights('coordination.k8s.io', 'leases', 'create', own),
    ...rights('coordination.k8s.io', 'leases', 'get update patch', { name: leaseName, ...own }),
    ...rights('', 'secrets', 'create', own),
    ...rights('', 'secrets', 'patch', { name: 'berth-ca', ...own }),
    ...(isNamespaced && !watchNamespaces.includes(namespace)
      ? [
          ...sessionEndRights(own),
          ...rights('', 'secrets', 'get', own),
          ...rights('', 'pods', 'get', own),
          ...rights('berth.dev', 'whatsappsessions', 'get', own),
        ]
      : []),
  ];
}
