import { expect, test } from 'vitest';
import { mountPointsBelow } from '../../cluster/stop-bare-cluster.ts';

test('mountPointsBelow() gives what is below the folder, the innermost first', () => {
  const line = (path: string) => `36 35 98:0 / ${path} rw - ext4 /dev/root rw`;
  const mountinfo = ['/', '/dev-cluster-2/a', '/dev-cluster/a', '/dev-cluster/a/with\\040blank'].map(line).join('\n');
  expect(mountPointsBelow('/dev-cluster', mountinfo)).toEqual(['/dev-cluster/a/with blank', '/dev-cluster/a']);
});
