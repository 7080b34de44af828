import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adminApi } from './admin-api.ts';
import { type CertificateAuthority, createServiceAccountKeys, type KeyPair } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { Processes } from './processes.ts';
import { waitUntil } from './wait-until.ts';

/** Where one API server and its etcd run, and who may speak to it. */
export interface ApiServerOptions {
  /** The folder of everything: keys in `pki/`, data in `etcd/`, logs in `log/`. */
  readonly dir: string;
  readonly processes: Processes;
  readonly binaries: Readonly<Record<'etcd' | 'kube-apiserver', string>>;
  readonly authority: CertificateAuthority;
  /** The one address it listens on: nothing is open to the network. */
  readonly address: string;
  readonly ports: Readonly<Record<'etcd' | 'etcdPeer' | 'apiServer', number>>;
  /** Whether pods run: they need a certificate for the Service, the kubelet's trust and the `kubernetes` Endpoints. */
  readonly withNodes: boolean;
  /** Whether something gives each namespace its default ServiceAccount; without it pods would be refused. */
  readonly withServiceAccounts: boolean;
}

/** The first address of the range is the Service `kubernetes`. */
export const serviceRange = '10.96.0.0/16';
const serviceAddress = '10.96.0.1';

/** Metadata of every request, and the bodies of what Berth's tests judge: writes on pods and on its own resources. */
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    {
      level: 'RequestResponse',
      verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'],
      resources: [
        { group: '', resources: ['pods', 'pods/*'] },
        {
          group: 'berth.dev',
          resources: ['whatsappsessions', 'whatsappsessions/*', 'sessionends', 'sessionends/*'],
        },
      ],
    },
    { level: 'Metadata' },
  ],
};

/** Writes a key pair as `pki/<name>.crt` and `pki/<name>.key` below the folder. */
export async function writeKeyPair(dir: string, name: string, { certificate, key }: KeyPair): Promise<void> {
  await writeFile(join(dir, 'pki', `${name}.crt`), certificate);
  await writeFile(join(dir, 'pki', `${name}.key`), key, { mode: 0o600 });
}

/** Starts etcd and the API server unless they run, and writes the admin's kubeconfig once the server is ready for requests. */
export async function startEtcdAndApiServer(options: ApiServerOptions): Promise<{ url: string; kubeconfig: string }> {
  const { dir, processes, binaries, address, ports, authority } = options;
  const url = `https://${address}:${ports.apiServer}`;
  const kubeconfig = join(dir, 'kubeconfig');
  if (!existsSync(join(dir, 'pki', 'sa.key'))) await writeKeys(options);
  const etcdUrl = `http://127.0.0.1:${ports.etcd}`;
  const peerUrl = `http://127.0.0.1:${ports.etcdPeer}`;
  await processes.start('etcd', binaries.etcd, [
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--unsafe-no-fsync', // What a test cluster holds need not outlive a power cut.
    '--auto-compaction-retention=5m',
    '--log-level=warn',
  ]);
  await processes.start('kube-apiserver', binaries['kube-apiserver'], apiServerArguments(options, etcdUrl));
  await writeKubeconfig(join(dir, 'kubeconfig.starting'), {
    url,
    caCertificate: authority.certificate,
    user: await authority.issue({ commonName: 'admin', organization: 'system:masters' }),
  });
  await waitUntilReady(join(dir, 'kubeconfig.starting'), processes);
  // Last, so that whoever finds a kubeconfig finds a server behind it.
  await writeFile(kubeconfig, await readFile(join(dir, 'kubeconfig.starting')), { mode: 0o600 });
  return { url, kubeconfig };
}

async function writeKeys({ dir, authority, address }: ApiServerOptions): Promise<void> {
  await mkdir(join(dir, 'pki'), { recursive: true });
  await mkdir(join(dir, 'log'), { recursive: true });
  await writeKeyPair(
    dir,
    'apiserver',
    await authority.issue({
      commonName: 'kube-apiserver',
      dnsNames: ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'],
      addresses: [...new Set([address, '127.0.0.1', serviceAddress])],
    }),
  );
  await writeKeyPair(
    dir,
    'kubelet-client',
    await authority.issue({ commonName: 'apiserver-kubelet-client', organization: 'system:masters' }),
  );
  await writeKeyPair(dir, 'front-proxy', await authority.issue({ commonName: 'front-proxy-client' }));
  await writeFile(join(dir, 'audit-policy.json'), JSON.stringify(auditPolicy));
  const serviceAccounts = await createServiceAccountKeys();
  await writeFile(join(dir, 'pki', 'sa.pub'), serviceAccounts.publicKey);
  await writeFile(join(dir, 'pki', 'sa.key'), serviceAccounts.key, { mode: 0o600 });
}

function apiServerArguments(
  { dir, address, ports, withNodes, withServiceAccounts }: ApiServerOptions,
  etcd: string,
): string[] {
  const pki = (name: string) => join(dir, 'pki', name);
  return [
    `--etcd-servers=${etcd}`,
    `--bind-address=${address}`,
    `--secure-port=${ports.apiServer}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--client-ca-file=${pki('ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki('sa.pub')}`,
    `--service-account-signing-key-file=${pki('sa.key')}`,
    `--service-cluster-ip-range=${serviceRange}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    ...(withServiceAccounts ? [] : ['--disable-admission-plugins=ServiceAccount']),
    `--requestheader-client-ca-file=${pki('ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${pki('front-proxy.crt')}`,
    `--proxy-client-key-file=${pki('front-proxy.key')}`,
    ...(withNodes
      ? [
          `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
          `--kubelet-client-key=${pki('kubelet-client.key')}`,
          `--kubelet-certificate-authority=${pki('ca.crt')}`,
          '--kubelet-preferred-address-types=InternalIP',
          `--advertise-address=${address}`,
        ]
      : ['--endpoint-reconciler-type=none']),
    '--allow-privileged',
    '--profiling=false',
    `--audit-policy-file=${join(dir, 'audit-policy.json')}`,
    `--audit-log-path=${join(dir, 'log', 'audit.log')}`,
    '--audit-log-maxsize=500',
    '--audit-log-maxbackup=1',
  ];
}

async function waitUntilReady(kubeconfig: string, processes: Processes): Promise<void> {
  const api = await adminApi(kubeconfig);
  try {
    await waitUntil('API server that is ready', 60_000, async () => {
      await processes.mustRun('etcd');
      await processes.mustRun('kube-apiserver');
      try {
        await api.request('GET', '/readyz');
        return { value: undefined };
      } catch (error) {
        return { seen: error instanceof Error ? error.message : String(error) };
      }
    });
  } finally {
    await api.close();
  }
}
