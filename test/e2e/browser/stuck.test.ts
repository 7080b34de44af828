import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import type { EndReason } from '@berth/protocol';
import { describe, expect, test } from 'vitest';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { oneWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin, untilAnswers, untilStuck, verdict } from '../outcome.ts';
import { signalBrowser } from './browser-processes.ts';

interface Fault {
  readonly name: string;
  readonly what: string;
  readonly spec?: Partial<WhatsAppSessionSpec>;
  readonly strike: (world: ClusterWorld, session: string, number: string) => Promise<void>;
  readonly reason: EndReason;
  /** What the end says of it. */
  readonly says: string;
}

const backoff = { baseSeconds: 1, maxSeconds: 1 };
/** What the page takes is more than is left of it. */
const smallPod = { resources: { requests: { memory: '300Mi' }, limits: { memory: '384Mi' } } };

const faults: readonly Fault[] = [
  {
    name: 'crashed',
    what: 'a page that crashed',
    strike: ({ phone }, _session, number) => phone.fault('crash-page', number),
    reason: 'crashed',
    says: "WhatsApp's page crashed",
  },
  {
    name: 'dead',
    what: 'a browser that was killed under its living driver',
    strike: ({ namespace }, session) => signalBrowser(namespace, session, 'the first process', 'SIGKILL'),
    reason: 'crashed',
    says: 'The browser ended',
  },
  {
    name: 'hungry',
    what: 'a page that takes more memory than the pod may have',
    spec: { pod: smallPod },
    strike: ({ phone }, _session, number) => phone.fault('hog', number, 1_024),
    reason: 'out_of_memory',
    says: 'memory limit',
  },
];

// Each is a way in which Chromium hangs or dies while the process that drives it lives on.
describe.concurrent('a session with a browser', () => {
  const world = oneWorld('WhatsAppWebJS');

  test.each(faults)(
    'ends at once as $reason with $what, and is back without a QR code',
    async ({ name, spec, strike, reason, says }) => {
      const { phone, runUid } = await world().startPaired(name, { recovery: { backoff }, ...spec });
      const device = await deviceOf(world(), phone);
      const struckAtMs = performance.now();
      await strike(world(), name, phone);
      const [end] = await world().untilEnds(name, 1);
      const endedAfterMs = performance.now() - struckAtMs;
      expect(end?.spec).toMatchObject({ reason, terminationConfirmed: true });
      expect(end?.spec.message).toContain(says);
      await world().untilReady(name, runUid);
      const backAfterMs = performance.now() - struckAtMs;
      await expectSameLogin(world(), name, phone, device);
      await expectEnds(world(), name, [[runUid, reason]]);
      console.log(
        `A session with ${name} browser: ended after ${inSeconds(endedAfterMs)} (${end?.spec.message}), Ready after ${inSeconds(backAfterMs)}`,
      );
    },
  );

  test('is Unresponsive with a frozen browser, ended as stuck, and back without a QR code', async () => {
    // Less is what a busy node may take to see that a healthy run answers.
    const recovery = { unresponsiveSeconds: 15, backoff };
    const { phone, runUid } = await world().startPaired('frozen', { recovery });
    const device = await deviceOf(world(), phone);
    await untilAnswers(world(), 'frozen');
    const struckAtMs = performance.now();
    await signalBrowser(world().namespace, 'frozen', 'every process', 'SIGSTOP');
    await world().until(
      'frozen',
      'that does not respond',
      (session) => verdict(session, 'Ready') === 'False NotResponding',
    );
    const notReadyAfterMs = performance.now() - struckAtMs;
    expect(await untilStuck(world(), 'frozen', 'Unresponsive')).toContain('readiness probe');
    const [end] = await world().untilEnds('frozen', 1);
    const endedAfterMs = performance.now() - struckAtMs;
    expect(end?.spec).toMatchObject({ reason: 'stuck', terminationConfirmed: true });
    expect(end?.spec.message).toContain('Unresponsive');
    await world().untilReady('frozen', runUid);
    const backAfterMs = performance.now() - struckAtMs;
    await expectSameLogin(world(), 'frozen', phone, device);
    await expectEnds(world(), 'frozen', [[runUid, 'stuck']]);
    console.log(
      `A session with a frozen browser: not Ready after ${inSeconds(notReadyAfterMs)}, ended after ${inSeconds(endedAfterMs)}, ` +
        `Ready after ${inSeconds(backAfterMs)} (unresponsiveSeconds: ${recovery.unresponsiveSeconds})`,
    );
  });
});

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
