import { createKubernetesClient } from '../../operator/kubernetes/create-client.ts';
import { startLeadership } from '../../operator/watch/leadership.ts';

// A process of its own, so that a test can kill, freeze and wake it: `leadership-candidate.ts <namespace> <identity>`.
// It writes one JSON line whenever it could act, and one when it learns anything.
const [namespace = '', identity = ''] = process.argv.slice(2);
const write = (line: object) => process.stdout.write(`${JSON.stringify({ atMs: Date.now(), ...line })}\n`);
const log = (message: string, fields?: object) => void write({ message, ...fields });

const leadership = startLeadership({
  client: createKubernetesClient(),
  namespace,
  name: 'operator',
  identity,
  log: { debug: log, info: log, warn: log, error: log },
  onStartedLeading: (signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve());
    }),
});
setInterval(() => {
  if (leadership.isLeader()) write({ acts: true });
}, 10);
process.once('SIGTERM', () => {
  void leadership.stop().then(() => process.exit(0));
});
