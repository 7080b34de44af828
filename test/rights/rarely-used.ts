import type { RarelyUsed } from './judge-rights.ts';

/**
 * Rights that no run of the end-to-end tests uses for certain. Each is needed by something that is too slow or too rare for
 * them; where one is used all the same, that is fine.
 */
export const rarelyUsed: readonly RarelyUsed[] = [
  {
    right: { verb: 'get', group: '', resource: 'nodes' },
    neededWhen:
      'a node was lost for as long as nodeLoss.fenceSeconds, 5 minutes: before the runs on it are presumed dead, it is read ' +
      'once more, because the watch may be late and the node back (operator/observe/observe-node.ts)',
    shownBy: 'test/unit/operator/observe/observe-node.test.ts',
  },
  {
    right: { verb: 'patch', group: '', resource: 'configmaps', name: 'berth-ca' },
    neededWhen:
      'a namespace holds another CA than the operator: the Secret with the CA was lost and made anew, or somebody has ' +
      'changed the ConfigMap; without it every pod there would stay mute (operator/act/trust.ts)',
    shownBy: 'test/unit/operator/act/trust.test.ts',
  },
  {
    right: { verb: 'delete', group: 'berth.dev', resource: 'sessionends' },
    neededWhen:
      'a record is older than it is kept, 24 hours after its delivery or 7 days after that was given up ' +
      '(operator/deliver/advance-record.ts)',
    shownBy: 'test/integration/delivery.test.ts',
  },
  {
    right: { verb: 'create', group: 'coordination.k8s.io', resource: 'leases' },
    neededWhen:
      'the first operator starts in a namespace, or somebody has deleted the Lease: it outlives an uninstall, so that a ' +
      'cluster that Berth was in before has it (operator/watch/lease-record.ts)',
    shownBy: 'test/integration/leadership.test.ts',
  },
  {
    right: { verb: 'create', group: '', resource: 'secrets' },
    neededWhen:
      'the first operator starts in a namespace, or somebody has deleted the CA or the signing key: both outlive an ' +
      'uninstall (operator/pods/ensure-secret.ts)',
    shownBy: 'test/unit/operator/pods/certificate-authority.test.ts',
  },
];
