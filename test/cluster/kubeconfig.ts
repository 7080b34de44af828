import { writeFile } from 'node:fs/promises';
import type { KeyPair } from './certificates.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Writes a kubeconfig that stands alone: certificates are inside it, and it is JSON, which is YAML too. */
export async function writeKubeconfig(
  path: string,
  { url, caCertificate, user }: { readonly url: string; readonly caCertificate: string; readonly user: KeyPair },
): Promise<void> {
  const cluster = { server: url, 'certificate-authority-data': base64(caCertificate) };
  const credentials = {
    'client-certificate-data': base64(user.certificate),
    'client-key-data': base64(user.key),
  };
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'berth-dev',
    clusters: [{ name: 'berth-dev', cluster }],
    users: [{ name: 'berth-dev', user: credentials }],
    contexts: [{ name: 'berth-dev', context: { cluster: 'berth-dev', user: 'berth-dev' } }],
  };
  await writeFile(path, `${JSON.stringify(kubeconfig, null, 2)}\n`, { mode: 0o600 });
}
