import { afterAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { tryKubectl } from '../../deployment/kubectl.ts';
import { oneWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin, untilStuck, verdict } from '../outcome.ts';

const missing = 'neither a code nor a login';
const backoff = { baseSeconds: 1, maxSeconds: 1 };

// These faults are of the site, so nothing else may run meanwhile.
describe('on a page that does not do what it should', () => {
  const world = oneWorld('WhatsAppWebJS');
  afterAll(() => world().phone.fault('accept'));

  test('a session says what its driver misses once it is logged in, long before its time is over, and heals by itself', async () => {
    const { phone: phones } = world();
    const { phone, runUid } = await world().startPaired('unready', { recovery: { backoff } });
    const device = await deviceOf(world(), phone);
    await phones.fault('break-ready');
    await world().patch('unready', { restartedAt: new Date().toISOString() });
    const broken = await world().until(
      'unready',
      'that tells of a changed page',
      ({ status }) => status?.report?.runUid !== runUid && status?.report?.message !== undefined,
      30_000,
    );
    expect(broken.status?.report?.message).toContain('Requiring unknown module "WAWebSyncGatingUtils"');
    expect(verdict(broken, 'Ready')).toContain('False');
    await phones.fault('accept');
    expect(await world().untilReady('unready', runUid)).toBe(broken.status?.run?.uid);
    await expectSameLogin(world(), 'unready', phone, device);
    await expectEnds(world(), 'unready', [[runUid, 'restarted']]);
  });

  test('a session says what is missing, without a QR code and on an update that breaks its driver, and heals by itself', async () => {
    const { phone: phones } = world();
    const linked = await world().startPaired('linked', { recovery: { backoff, reconnects: { windowSeconds: 8 } } });
    const device = await deviceOf(world(), linked.phone);

    await phones.fault('withhold-qr');
    // Longer than the page has to show a code.
    await world().start('codeless', { recovery: { backoff, reconnects: { windowSeconds: 40 } } });
    const codeless = await world().untilPod('codeless', 'that runs', ({ status }) => status?.phase === 'Running');
    await untilPageRuns(world(), 'codeless'); // From here on it is not touched by what comes next.

    await phones.fault('break-injection');
    await world().patch('linked', { restartedAt: new Date().toISOString() });
    const broken = await world().until(
      'linked',
      'that tells of a changed page',
      ({ status }) => status?.report?.runUid !== linked.runUid && status?.report?.message !== undefined,
      30_000,
    );
    expect(verdict(broken, 'Ready')).toBe('False Connecting');
    expect(broken.status).toMatchObject({ phase: 'Connecting' });
    const ready = broken.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready?.message).toContain('it may have changed: Requiring unknown module "WAWebSocketModel"');
    expect(await untilStuck(world(), 'linked', 'ReconnectLoop')).toContain('"WAWebSocketModel"');
    await phones.fault('accept');
    await phones.fault('withhold-qr');
    await world().untilReady('linked', broken.status?.run?.uid);
    await expectSameLogin(world(), 'linked', linked.phone, device);
    await expectEnds(world(), 'linked', [
      [linked.runUid, 'restarted'],
      [broken.status?.run?.uid ?? '', 'stuck'],
    ]);

    const silent = await world().until('codeless', 'that tells of a missing code', isTold, 45_000);
    expect(silent.status).toMatchObject({ phase: 'Connecting', run: { uid: codeless.metadata.uid } });
    expect(silent.status?.report?.message).toContain(missing);
    expect(await untilStuck(world(), 'codeless', 'ReconnectLoop', 45_000)).toContain(missing);
    await phones.fault('accept');
    await world().pair('codeless');
    await expectEnds(world(), 'codeless', [[codeless.metadata.uid, 'stuck']]);
  });
});

/** The first that the page's script does is to open its database. */
function untilPageRuns({ namespace }: ClusterWorld, pod: string): Promise<void> {
  const look = ['exec', pod, '--', 'ls', '/data/browser-profile/Default/IndexedDB'];
  return waitUntil(`page in "${pod}"`, 30_000, async () => {
    const { stdout, stderr } = await tryKubectl(['--namespace', namespace, ...look]);
    return stdout.includes('web.whatsapp.com') ? { value: undefined } : { seen: stdout + stderr };
  });
}

function isTold({ status }: { readonly status?: { readonly report?: { readonly message?: string } } }): boolean {
  return status?.report?.message !== undefined;
}
