import { path } from '@berth/operator/resource/names.ts';
import { expect } from 'vitest';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { stays } from '../../integration/session-world.ts';
import { loginsOf, untilInbox, untilMessages } from '../outcome.ts';
import type { Given } from './engine-under-test.ts';
import { aDocument } from './files.ts';
import { life } from './life.ts';

const name = 'proxied';
const contact = '15550001000';
const secret = { name: 'proxy', key: 'url' };

/** A session that may reach WhatsApp by its proxy alone. */
export function lifeBehindProxy({ can, way, world }: Given): void {
  const isSkipped = !can.proxyLogins.includes('http');
  life('behind a proxy', (step) => {
    let phone = '';
    /** The characters that a URL has to encode are what goes wrong. */
    const user = () => ({ username: world().namespace, password: 'p@ss:w/rd %' });

    step(
      'reaches WhatsApp by no other way while the proxy is down',
      async () => {
        await putProxy(world(), world().standIns.proxyUrl(user(), true));
        await world().start(name, { proxy: { secretRef: secret } });
        const { status } = await world().until(
          name,
          'that tells of a failed dial',
          (it) => it.status?.report?.state === 'connecting' && it.status.report.message !== undefined,
          60_000,
        );
        const ready = status?.conditions?.find(({ type }) => type === 'Ready');
        expect(ready).toMatchObject({ status: 'False', reason: 'Connecting' });
        expect(ready?.message).toMatch(/ECONNREFUSED|ERR_PROXY_CONNECTION_FAILED/);
        await stays('no code of a session that reaches nobody', 3_000, async () => {
          return (await world().session(name))?.status?.report?.state === 'connecting';
        });
        expect(await world().states(name)).toEqual([]);
      },
      { isSkipped },
    );

    step(
      'is paired through the proxy, with the user and password of the Secret',
      async () => {
        await putProxy(world(), world().standIns.proxyUrl(user()));
        await world().patch(name, { restartedAt: new Date().toISOString() });
        phone = await world().pair(name);
        const tunnels = await world().standIns.tunnels.of(user().username);
        expect(tunnels).toContainEqual({ target: way.tunnels[0], credentials: user() });
        const logins = await loginsOf(world(), phone);
        expect(logins).not.toEqual([]);
        const addresses = logins.map(({ remoteAddress }) => remoteAddress.replace('::ffff:', ''));
        expect(addresses).not.toContain(await podAddress());
      },
      { isSkipped },
    );

    step(
      'gets and sends texts and files through it',
      async () => {
        const media = aDocument();
        await world().phone.deliver({ from: contact, to: phone, text: 'look', media });
        const [message] = await untilMessages(world(), name, 1);
        expect(message).toMatchObject({ text: 'look', media: { fileName: media.fileName } });
        const read = await world()
          .tool(name)
          .media(message?.sequence ?? 0);
        expect(read.equals(media.data)).toBe(true);
        await world().tool(name).sendFile(contact, media, 'see');
        const received = await untilInbox(world(), phone, 1);
        expect(received).toMatchObject([{ text: 'see', media: { sizeBytes: media.data.length } }]);
        const tunnels = await world().standIns.tunnels.of(user().username);
        expect(new Set(tunnels.map(({ target }) => target))).toEqual(new Set(way.tunnels));
      },
      { isSkipped },
    );

    step(
      'shows its password neither in its log nor in the command lines of its processes',
      async () => {
        const here = ['--namespace', world().namespace];
        const shown = [
          await kubectl([...here, 'logs', name]),
          await kubectl([...here, 'exec', name, '--', 'sh', '-c', 'cat /proc/[0-9]*/cmdline']),
          await kubectl([...here, 'get', `whatsappsession/${name}`, `pod/${name}`, '--output=yaml']),
        ];
        const { password } = user();
        for (const text of shown) {
          expect(text).not.toContain(password);
          expect(text).not.toContain(encodeURIComponent(password));
        }
      },
      { isSkipped },
    );

    async function podAddress(): Promise<string> {
      const words = ['get', 'pod', name, '--output=jsonpath={.status.podIP}'];
      return kubectl(['--namespace', world().namespace, ...words]);
    }
  });
}

/** Makes the Secret of the proxy's URL, or changes it. */
async function putProxy({ client, namespace }: ClusterWorld, url: string): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secret.name, namespace },
    stringData: { [secret.key]: url },
  };
  await client.request({
    method: 'PATCH',
    path: `${path.secrets(namespace)}/${secret.name}`,
    query: { fieldManager: 'berth-test', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body,
  });
}
