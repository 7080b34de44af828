import { createHash } from 'node:crypto';
import type { EndReason } from '@berth/protocol';
import { expect } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { signal } from '../../deployment/wedge.ts';
import {
  deviceOf,
  expectEnds,
  expectSameLogin,
  killedAndStarted,
  loginsOf,
  untilInbox,
  untilMessages,
} from '../outcome.ts';
import type { Given } from './engine-under-test.ts';
import { aDocument, anImage } from './files.ts';
import { life } from './life.ts';

const name = 'everyday';
const contact = '15550001000';
/** Each look is a process in the session's container. */
const lookEveryMs = 500;

/** What a session does day by day, and what happens to it until its phone unlinks it. */
export function everydayLife({ engine, can, world }: Given): void {
  life('day by day', (step) => {
    let phone = '';
    let runUid = '';
    let device = '';
    const ended: [runUid: string, reason: EndReason][] = [];
    /** Waits until the next run is ready, with the same login. */
    const untilBack = async (reason: EndReason) => {
      ended.push([runUid, reason]);
      runUid = await world().untilReady(name, runUid);
      await expectSameLogin(world(), name, phone, device);
    };

    step('shows a QR code, and is ready once a phone has scanned it', async () => {
      ({ phone, runUid } = await world().startPaired(name));
      device = await deviceOf(world(), phone);
      expect(await world().states(name)).toContain('waiting_for_pairing');
      const session = await world().session(name);
      expect(session?.status).toMatchObject({
        phase: 'Ready',
        report: { account: { id: `${phone}@s.whatsapp.net` } },
      });
      expect(session?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Paired', status: 'True' }));
    });

    step('sends a text, and hears that it was sent, delivered and read', async () => {
      const id = await world().tool(name).send(contact, 'pong');
      const [sent] = await untilInbox(world(), phone, 1);
      expect(sent).toMatchObject({ id, to: contact, text: 'pong' });
      const levels = (['sent', 'delivered', 'read'] as const).filter((level) => can.acks.includes(level));
      if (levels.includes('delivered')) await untilAck(id, 'delivered');
      await world().phone.read(phone, id);
      // Only the best is told, and the sequence grows by one with each that is better.
      expect(await untilAck(id, levels.at(-1))).toMatchObject({ sequence: levels.length });
    });

    step('gets a text', async () => {
      await world().phone.deliver({ from: contact, to: phone, text: 'ping' });
      const [message] = await untilMessages(world(), name, 1);
      expect(message).toMatchObject({ from: `${contact}@s.whatsapp.net`, text: 'ping' });
    });

    step('gets an image and a document, byte for byte', async () => {
      const files = [anImage(), aDocument()];
      for (const media of files) await world().phone.deliver({ from: contact, to: phone, text: 'look', media });
      const messages = (await untilMessages(world(), name, 3)).slice(1);
      for (const [index, { data, ...told }] of files.entries()) {
        const message = messages[index];
        expect(message).toMatchObject({ text: 'look', media: told });
        expect(
          digest(
            await world()
              .tool(name)
              .media(message?.sequence ?? 0),
          ),
        ).toBe(digest(data));
      }
    });

    step('sends an image and a document, byte for byte', async () => {
      const files = [anImage(), aDocument()];
      const ids: string[] = [];
      for (const file of files) ids.push(await world().tool(name).sendFile(contact, file, 'see'));
      const received = (await untilInbox(world(), phone, 3)).slice(1);
      for (const [index, { data, ...told }] of files.entries()) {
        const media = { ...told, sha256: digest(data), sizeBytes: data.length };
        expect(received[index]).toMatchObject({ id: ids[index], text: 'see', media });
      }
    });

    step('connects again by itself, in the same run, and gets what came meanwhile', async () => {
      await world().phone.fault('drop', phone);
      await world().phone.deliver({ from: contact, to: phone, text: 'still there?' });
      const { status } = await world().until(
        name,
        'that has connected again',
        (it) => it.status?.phase === 'Ready' && (it.status.report?.reconnects ?? 0) > 0,
        30_000,
      );
      expect(status?.run?.uid).toBe(runUid);
      expect((await untilMessages(world(), name, 4)).at(-1)).toMatchObject({ text: 'still there?' });
      expect(await deviceOf(world(), phone)).toBe(device);
      expect(await world().ends(name)).toEqual([]);
    });

    step('is stopped gracefully with exit code 0, and started again without a QR code', async () => {
      const log = kubectl(['--namespace', world().namespace, 'logs', '--follow', name], { timeoutMs: 60_000 });
      await world().patch(name, { desiredState: 'Stopped' });
      await world().untilPodGone(name, runUid);
      await world().untilStopped(name);
      const [end] = await world().untilReceivedEnds(name, 1);
      expect(end?.headers['webhook-id']).toBe(runUid);
      expect(end?.event.data).toMatchObject({
        session: { namespace: world().namespace, name },
        run: { uid: runUid, number: 1 },
        engine,
        account: { id: `${phone}@s.whatsapp.net` },
        reason: 'stopped',
        exitCode: 0,
        terminationConfirmed: true,
      });
      // All was closed in order, a browser too: nothing failed on the way, and WhatsApp was not just cut off.
      const told = await log;
      expect(told).toContain('Asked to stop over its API');
      expect(told).not.toMatch(/shutdown failed|Shutdown ran out of time/);
      expect((await loginsOf(world(), phone)).at(-1)).toMatchObject({ cleanClose: true, endedBy: 'client' });
      await world().patch(name, { desiredState: 'Running' });
      await untilBack('stopped');
    });

    step('is killed by force, and started again without a QR code', async () => {
      await killedAndStarted(world(), name, runUid);
      await untilBack('force_killed');
    });

    step('comes back by itself without a QR code after a SIGKILL of its process', async () => {
      await signal(world().namespace, name, 'SIGKILL');
      await untilBack('crashed');
      await expectEnds(world(), name, ended);
    });

    step('is unlinked by its phone, keeps nothing of the login, and shows a new QR code', async () => {
      expect(await filesWith(phone)).not.toEqual([]);
      await world().phone.fault('unlink', phone);
      ended.push([runUid, 'logged_out']);
      await world().untilWaitsForPairing(name, runUid);
      await expectEnds(world(), name, ended);
      expect(await world().tool(name).qrText()).not.toBe('');
      expect(await filesWith(phone)).toEqual([]);
    });

    function untilAck(id: string, level: string | undefined) {
      return waitUntil(
        `word that the message was ${level}`,
        20_000,
        async () => {
          const all = await world().tool(name).acks();
          const ack = all.find((each) => each.id === id && each.level === level);
          return ack === undefined ? { seen: JSON.stringify(all) } : { value: ack };
        },
        lookEveryMs,
      );
    }

    /** The files on the session's volume in which a phone number is. */
    async function filesWith(number: string): Promise<string[]> {
      const words = ['--namespace', world().namespace, 'exec', name, '--', 'node', '--eval', search(number)];
      return JSON.parse(await kubectl(words)) as string[];
    }
  });
}

/** Files of a process that lives come and go. */
const search = (text: string) => `const fs = require('node:fs');
const has = (file) => { try { return fs.readFileSync(file).includes('${text}'); } catch { return false; } };
const files = fs.readdirSync('/data', { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
console.log(JSON.stringify(files.map((entry) => entry.parentPath + '/' + entry.name).filter(has)));`;

function digest(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
