/** One thing that the operator must be allowed to do. */
export interface Right {
  readonly verb: string;
  /** API group; empty for the core. */
  readonly group: string;
  /** Plural, with the subresource behind a slash if there is one. */
  readonly resource: string;
  /** The one object that it is for; absent: all of them. */
  readonly name?: string;
  /** In its own namespace alone; absent: in all. */
  readonly inOwnNamespace?: true;
}

const rights = (group: string, resource: string, verbs: string, where: Pick<Right, 'name' | 'inOwnNamespace'> = {}) =>
  verbs.split(' ').map((verb): Right => ({ verb, group, resource, ...where }));

/** All that the chart's roles grant, in their order, where each rule says what it is for; a test compares the two. */
export const operatorRights = (leaseName: string): readonly Right[] => [
  ...rights('berth.dev', 'whatsappsessions', 'get list watch patch'),
  ...rights('berth.dev', 'whatsappsessions/status', 'patch'),
  ...rights('berth.dev', 'sessionends', 'get list watch create patch delete'),
  ...rights('berth.dev', 'sessionends/status', 'patch'),
  ...rights('', 'pods', 'get list watch create patch delete'),
  ...rights('', 'persistentvolumeclaims', 'get list watch create delete'),
  ...rights('', 'nodes', 'get list watch'),
  ...rights('', 'configmaps', 'create'),
  ...rights('', 'configmaps', 'get patch', { name: 'berth-ca' }),
  ...rights('', 'secrets', 'get'),
  ...rights('', 'events', 'create'),
  ...rights('authentication.k8s.io', 'tokenreviews', 'create'),
  ...rights('coordination.k8s.io', 'leases', 'create', { inOwnNamespace: true }),
  ...rights('coordination.k8s.io', 'leases', 'get update patch', { name: leaseName, inOwnNamespace: true }),
  ...rights('', 'secrets', 'create', { inOwnNamespace: true }),
];
