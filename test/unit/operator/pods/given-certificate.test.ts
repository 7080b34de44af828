import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { GivenCertificateError, readGivenCertificate } from '@berth/operator/pods/given-certificate.ts';
import { path } from '@berth/operator/resource/names.ts';
import { beforeAll, expect, test } from 'vitest';
import {
  aCertificateAuthority,
  type Credentials,
  type TestAuthority,
} from '../../../builders/a-certificate-authority.ts';
import { secretsInMemory } from './secrets-in-memory.ts';

const namespace = 'berth-system';
const host = 'berth-operator.berth-system.svc';

let authority: TestAuthority;
let another: TestAuthority;
let issued: Credentials;
beforeAll(async () => {
  [authority, another] = [await aCertificateAuthority(), await aCertificateAuthority()];
  issued = await authority.issue('berth-operator', [host]);
});

async function reading(stringData: Readonly<Record<string, string>> | undefined, nowMs = Date.now()) {
  const client: Pick<KubernetesClient, 'request'> = secretsInMemory();
  const body = { metadata: { name: 'berth-tls' }, stringData };
  if (stringData !== undefined) await client.request({ method: 'POST', path: path.secrets(namespace), body });
  return readGivenCertificate(client, { namespace, name: 'berth-tls', dnsNames: [host], nowMs });
}

const secretOf = ({ cert, key }: Credentials, caPem = authority.pem) => ({
  'tls.crt': cert,
  'tls.key': key,
  'ca.crt': caPem,
});

test('readGivenCertificate() takes what pods will trust', async () => {
  const both = `${another.pem}\n${authority.pem}\n`;
  expect(await reading(secretOf(issued, both))).toEqual({ caPem: both, certPem: issued.cert, keyPem: issued.key });
});

test.each<[string, () => Promise<Record<string, string> | undefined>, string]>([
  [
    'no Secret',
    async () => undefined,
    'there is no such Secret; see why with kubectl -n berth-system describe certificate',
  ],
  ['no CA', async () => ({ 'tls.crt': issued.cert, 'tls.key': issued.key }), 'it holds no "ca.crt"; take an issuer'],
  ['an empty CA', async () => secretOf(issued, ''), 'it holds no "ca.crt"; take an issuer'],
  ['no key', async () => ({ 'tls.crt': issued.cert, 'ca.crt': authority.pem }), 'it holds no "tls.key"'],
  ['no PEM', async () => secretOf({ ...issued, cert: 'nothing' }), '"tls.crt" holds no PEM certificate'],
  ['the key of another one', async () => secretOf({ ...issued, key: (await authority.issue('x')).key }), 'not the key'],
  ['another CA', async () => secretOf(issued, another.pem), '"ca.crt" holds no root that "tls.crt" leads to'],
  ['itself as its CA', async () => secretOf(issued, issued.cert), '"ca.crt" holds no root that "tls.crt" leads to'],
  ['another name', async () => secretOf(await authority.issue('somebody', [host])), 'its common name is not'],
  ['another host', async () => secretOf(await authority.issue('berth-operator', ['x.svc'])), `not valid for ${host}`],
])('readGivenCertificate() refuses %s, and says what to do', async (_name, secret, says) => {
  const attempt = reading(await secret());
  await expect(attempt).rejects.toThrow(GivenCertificateError);
  await expect(attempt).rejects.toThrow(says);
  await expect(attempt).rejects.not.toThrow('PRIVATE KEY');
});

test('readGivenCertificate() refuses one that has expired', async () => {
  await expect(reading(secretOf(issued), Date.now() + 2 * 3_600_000)).rejects.toThrow('it is valid from');
});
