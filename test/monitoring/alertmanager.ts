import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDebianProgramWithShare } from '../cluster/debian-program.ts';
import { type ServedProgram, serveProgram } from './served-program.ts';

export interface AlertmanagerOptions {
  /** Takes every alert, and every resolution of one. */
  readonly webhookUrl: string;
  /** Seconds that it waits for more alerts of a session before it tells of the first, and before it tells of a change. */
  readonly groupSeconds: number;
}

/**
 * Starts an Alertmanager on loopback, alone, with a group for each alert of each session.
 * @throws {PrerequisiteMissingError} there is no Alertmanager
 */
export async function startAlertmanager(options: AlertmanagerOptions): Promise<ServedProgram> {
  const name = 'prometheus-alertmanager';
  const isFor = 'prove the alerts on the cluster';
  return serveProgram({
    name: 'alertmanager',
    // Debian's reads its default templates from /usr/share.
    program: await ensureDebianProgramWithShare({ name, debianPackage: name, isFor }),
    readyPath: '/-/ready',
    prepare: async (dir, port) => {
      await writeFile(join(dir, 'alertmanager.yaml'), JSON.stringify(configuration(options)));
      return [
        '--config.file=alertmanager.yaml',
        '--storage.path=data',
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=', // No other one is to be found.
        '--log.level=warn',
      ];
    },
  });
}

const configuration = ({ webhookUrl, groupSeconds }: AlertmanagerOptions) => ({
  route: {
    receiver: 'webhook',
    group_by: ['alertname', 'namespace', 'session'],
    group_wait: `${groupSeconds}s`,
    group_interval: `${groupSeconds}s`,
    repeat_interval: '4h',
  },
  receivers: [{ name: 'webhook', webhook_configs: [{ url: webhookUrl, send_resolved: true }] }],
});
