import { setTimeout as sleep } from 'node:timers/promises';
import { podFinalizer } from '@berth/operator/resource/names.ts';
import { describe, expect, test } from 'vitest';
import { kubectl } from '../../deployment/kubectl.ts';
import { oneWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin, killedAndStarted, loginsOf, verdict } from '../outcome.ts';
import { lastWords, setFinalizers } from '../session-pods.ts';

/** Keeps the object of a pod for a look at it once it is dead. */
const look = 'test.berth.dev/look';

describe.concurrent('the logout that broke half-way', () => {
  const worlds = { Baileys: oneWorld(), WhatsAppWebJS: oneWorld('WhatsAppWebJS') };
  const world = worlds.Baileys;

  test('a device that the phone unlinks ends first, with the true close code, and says closed when it is closed', async ({
    onTestFailed,
  }) => {
    const { phone, runUid: pairedUid } = await world().startPaired('unlinked');
    const device = await deviceOf(world(), phone);
    // A 401 within 30 s of a pairing's 515 may be WhatsApp not yet knowing the device; a new run has had no 515.
    await world().patch('unlinked', { restartedAt: new Date().toISOString() });
    const runUid = await world().untilReady('unlinked', pairedUid);
    await setFinalizers(world(), 'unlinked', [podFinalizer, look]);
    onTestFailed(() => setFinalizers(world(), 'unlinked', [])); // Else it would stay for ever, and its namespace with it.
    await world().phone.fault('unlink', phone);

    const ends = [
      [pairedUid, 'restarted'],
      [runUid, 'logged_out'],
    ] as const;
    const pod = await world().untilPod('unlinked', 'that has ended', (it) => lastWords(it) !== undefined);
    expect(lastWords(pod)).toMatchObject({ reason: 'logged_out', code: 401 });
    await expectEnds(world(), 'unlinked', ends);
    const closed = await world().until(
      'unlinked',
      'that says so',
      (it) => verdict(it, 'Ready') === 'False Terminating',
    );
    expect(closed.status?.phase).toBe('Terminating');
    // The run's one connection was ended by WhatsApp, and no loop has begun again.
    const logins = await loginsOf(world(), phone);
    expect(logins.map(({ endedBy }) => endedBy)).toEqual(['client', 'server']);

    await setFinalizers(world(), 'unlinked', []);
    // Only now are the credentials gone: a fresh QR code, and another device.
    await world().pairAs('unlinked', phone);
    expect(await world().states('unlinked')).toContain('waiting_for_pairing');
    expect(await deviceOf(world(), phone)).not.toBe(device);
    await expectEnds(world(), 'unlinked', ends);
  });

  test.each([
    { name: 'throws', what: 'throws "Connection Closed"', fault: 'cut-logout', engine: 'Baileys' },
    { name: 'hangs', what: 'hangs', fault: 'freeze', engine: 'Baileys' },
    { name: 'web-hangs', what: 'hangs', fault: 'freeze', engine: 'WhatsAppWebJS' },
  ] as const)(
    'a logout of $engine that $what is one step: the end is written down before it, and the closing done after it',
    async (given) => {
      const { name, fault, engine } = given;
      const its = worlds[engine]();
      const { phone, runUid } = await its.startPaired(name);
      await its.phone.fault(fault, phone);
      const log = kubectl(['--namespace', its.namespace, 'logs', '--follow', name], { timeoutMs: 60_000 });
      await its.remove(name);
      const ending = await its.until(
        name,
        'whose end is written down',
        ({ status }) => status?.run?.ending?.reason === 'deleted',
      );
      expect(verdict(ending, 'Ready')).toBe('False Terminating');
      await its.untilGone(name);
      const told = (await log).split('\n').filter((line) => /"Run ends"|shutdown failed/.test(line));
      const steps = told.map((line) => (JSON.parse(line) as { msg: string; step?: string }).step ?? 'first words');
      // Of what comes after the logout, nothing has failed because it did, but the farewell on a frozen connection.
      expect(steps.slice(0, 2)).toEqual(['first words', 'log out']);
      expect(steps).not.toContain('close the credentials');
      expect(steps).not.toContain('release the volume');
      await expectEnds(its, name, [[runUid, 'deleted']]);
      const [end] = await its.ends(name);
      expect(end?.spec).toMatchObject({ exitCode: 0, terminationConfirmed: true });
    },
  );

  test('a network cut of 40 s is no logout: the same run is ready again, with the same login', async () => {
    const { phone: phones } = world();
    const { phone, runUid } = await world().startPaired('cut');
    const device = await deviceOf(world(), phone);
    await phones.fault('refuse', phone);
    await phones.fault('drop', phone);
    await world().until('cut', 'that dials again', (it) => verdict(it, 'Ready') === 'False Reconnecting');
    await sleep(40_000); // The story's own time: a timeout came within it, and was taken for final.
    const { status } = await world().until('cut', 'that still dials', (it) => it.status?.phase === 'Reconnecting');
    expect(status?.report?.runUid).toBe(runUid);
    await phones.fault('accept', phone);
    // A dial may have been put off by half a minute just before.
    const ready = await world().until('cut', 'that is ready again', (it) => it.status?.phase === 'Ready');
    expect(ready.status?.report).toMatchObject({ runUid, reconnects: 1 });
    // It has shown a QR code once, when it was paired.
    const states = await world().states('cut');
    expect(states.filter((state) => state === 'waiting_for_pairing')).toHaveLength(1);
    expect(await deviceOf(world(), phone)).toBe(device);
    expect(await world().ends('cut')).toEqual([]);
  });

  test.each([408, 428, 500, 503, 515])('a %i of WhatsApp reconnects the same run and erases nothing', async (code) => {
    const name = `code-${code}`;
    const { phone, runUid } = await world().startPaired(name);
    const device = await deviceOf(world(), phone);
    await world().phone.fault('stream-error', phone, code);
    const session = await world().until(
      name,
      'that has reconnected',
      ({ status }) => status?.phase === 'Ready' && (status.report?.reconnects ?? 0) === 1,
    );
    expect(session.status?.report?.runUid).toBe(runUid);
    expect(await deviceOf(world(), phone)).toBe(device);
    expect(await loginsOf(world(), phone)).toHaveLength(2);
    expect(await world().ends(name)).toEqual([]);
    // The proof that the volume has it too: a new process logs in with it.
    await killedAndStarted(world(), name, runUid);
    await world().untilReady(name, runUid);
    await expectSameLogin(world(), name, phone, device);
  });
});
