import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import type { KubernetesClient } from '../../../../operator/kubernetes/client.ts';
import {
  CertificateAuthorityError,
  ensureCertificateAuthority,
} from '../../../../operator/pods/certificate-authority.ts';
import { secretsInMemory } from './secrets-in-memory.ts';

const nowMs = () => Date.parse('2026-01-01T00:00:00Z');
const namespace = 'berth-system';
const asClient = (secrets: Pick<KubernetesClient, 'request'>) => secrets as KubernetesClient;
const dayMs = 24 * 3600 * 1000;

test('ensureCertificateAuthority() makes a CA for ten years, and takes it again', async () => {
  const client = asClient(secretsInMemory());
  const first = await ensureCertificateAuthority({ client, namespace, nowMs });
  const second = await ensureCertificateAuthority({ client, namespace, nowMs });
  expect(second.caPem).toBe(first.caPem);
  const root = new X509Certificate(first.caPem);
  expect(root.ca).toBe(true);
  expect(root.subject).toBe('CN=berth-ca');
  expect(root.validToDate.toISOString()).toMatch(/^20(35-12|36-01)/);
});

test('ensureCertificateAuthority() gives all replicas that start at once the same CA', async () => {
  const client = asClient(secretsInMemory());
  const start = () => ensureCertificateAuthority({ client, namespace, nowMs });
  const replicas = await Promise.all([start(), start(), start()]);
  expect(new Set(replicas.map(({ caPem }) => caPem)).size).toBe(1);
  const { certPem } = await (replicas[2] ?? replicas[0]).issueClient('berth-operator');
  expect(new X509Certificate(certPem).verify(new X509Certificate(replicas[0].caPem).publicKey)).toBe(true);
});

test('ensureCertificateAuthority() refuses a Secret that holds no CA, and keeps it', async () => {
  const secrets = secretsInMemory();
  const body = { metadata: { name: 'berth-ca' }, stringData: { 'ca.crt': 'nothing' } };
  await secrets.request({ method: 'POST', path: `/api/v1/namespaces/${namespace}/secrets`, body });
  const attempt = ensureCertificateAuthority({ client: asClient(secrets), namespace, nowMs });
  await expect(attempt).rejects.toThrow(CertificateAuthorityError);
  await expect(attempt).rejects.toThrow('Cannot use the CA in the Secret "berth-system/berth-ca": ');
  expect(secrets.requests).toEqual(['POST', 'GET']);
});

test('issueServer() signs for 90 days under all names, for servers alone', async () => {
  const authority = await ensureCertificateAuthority({ client: asClient(secretsInMemory()), namespace, nowMs });
  const { certPem, expiresAtMs } = await authority.issueServer(['berth-operator.berth-system.svc', 'localhost']);
  const certificate = new X509Certificate(certPem);
  expect(certificate.subjectAltName).toBe('DNS:berth-operator.berth-system.svc, DNS:localhost');
  expect(certificate.checkIssued(new X509Certificate(authority.caPem))).toBe(true);
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(certificate.validToDate.getTime()).toBe(expiresAtMs);
  expect(expiresAtMs).toBe(nowMs() + 90 * dayMs);
});
