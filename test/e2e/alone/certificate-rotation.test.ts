import { rotateAnnotation } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { berthNamespace, installBerth } from '../../deployment/install-berth.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { oneWorld } from '../a-world.ts';
import { expectEnds } from '../outcome.ts';

// So short that the operator changes over long before a kubelet has brought the new CA to a pod: the worst that can happen.
beforeAll(() => installBerth(inject('standIns'), ['tls.publishSeconds=2']), 120_000);
afterAll(() => installBerth(inject('standIns')), 120_000);
const world = oneWorld();

/**
 * A kubelet looks at a pod's volumes again after 60 to 90 s; the pod reads the file every 5 s, and reports again within 60 s.
 */
const refreshMs = 170_000;
const name = 'kept';

const inBerth = (...words: string[]) => kubectl(['--namespace', berthNamespace, ...words]);
const secret = async (field: string) =>
  Buffer.from(
    await inBerth('get', 'secret', 'berth-ca', `--output=jsonpath={.data.${field.replaceAll('.', '\\.')}}`),
    'base64',
  ).toString();

/** Connects from inside of the pod to the operator as its reports do, trusting what the kubelet has mounted by now. */
const handshakeFromPod = `
  const { connect } = require('node:tls');
  const { hostname, port } = new URL(process.env.BERTH_OPERATOR_URL);
  const ca = require('node:fs').readFileSync(process.env.BERTH_CA_FILE, 'utf8');
  const socket = connect({ host: hostname, port, servername: hostname, ca, rejectUnauthorized: false }, () => {
    console.log(socket.authorized, socket.getPeerX509Certificate().issuer);
    socket.destroy();
  });
  socket.on('error', (error) => console.log('false', error.message));
`;
const handshake = async () =>
  (await kubectl(['--namespace', world().namespace, 'exec', name, '--', 'node', '--eval', handshakeFromPod])).trim();

test('the operator changes to another CA, and the same pod goes on, reports, and is stopped gracefully', async () => {
  const { phone, runUid } = await world().startPaired(name, { termination: { gracePeriodSeconds: 120 } });
  const before = await handshake();
  expect(before).toMatch(/^true CN=berth-ca/);
  const old = await secret('ca.crt');

  await inBerth('annotate', 'secret', 'berth-ca', `${rotateAnnotation}=now`);
  await waitUntil('change to another CA', 60_000, async () => {
    const isOver = (await secret('ca.crt')) !== old && (await secret('former.ca.crt')) === '';
    return isOver
      ? { value: undefined }
      : { seen: await inBerth('get', 'secret', 'berth-ca', '--output=jsonpath={.metadata}') };
  });
  const [changedAtMs, shown] = [performance.now(), await handshake()];
  console.log(`before: ${before}; right after the change: ${shown}`);
  expect(shown).not.toBe(before);

  // What is lost now can be told only when the pod trusts the new CA.
  await world().phone.fault('drop', phone);
  const { status } = await world().until(
    name,
    'that has told its reconnect',
    (seen) => (seen.status?.report?.reconnects ?? 0) > 0 && seen.status?.phase === 'Ready',
    refreshMs,
  );
  console.log(`a report by the new CA ${Math.round((performance.now() - changedAtMs) / 1000)} s after the change`);
  expect(status?.report?.runUid).toBe(runUid);
  const after = await handshake();
  expect(after).toMatch(/^true CN=berth-ca/);
  expect(after).not.toBe(before);
  expect(await world().ends(name)).toEqual([]);
  expect((await world().pod(name))?.metadata.uid).toBe(runUid);

  const askedAtMs = performance.now();
  await world().patch(name, { desiredState: 'Stopped' });
  await world().untilStopped(name, 60_000); // A pod that refused the operator would be killed after two minutes.
  console.log(`stopped in ${((performance.now() - askedAtMs) / 1000).toFixed(1)} s`);
  await expectEnds(world(), name, [[runUid, 'stopped']]);
  expect(await inBerth('logs', '--selector', 'app.kubernetes.io/component=operator', '--tail=-1')).not.toContain(
    'PRIVATE KEY',
  );
});
