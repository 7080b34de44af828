import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { proto } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { issueCertificateChain } from '../../whatsapp/certificate-chain.ts';
import { newKeyPair, RootKeyError, rootKey, rootKeyInFile } from '../../whatsapp/root-key.ts';
import { isSignedBy } from '../../whatsapp/signature.ts';

const { Details } = proto.CertChain.NoiseCertificate;

test('issueCertificateChain() proves the static key by an unbroken chain of signatures from the root', () => {
  const root = rootKey('42'.repeat(32));
  const { chain, staticKey } = issueCertificateChain(root);
  const { intermediate, leaf } = proto.CertChain.decode(chain);
  const intermediateDetails = intermediate?.details ?? new Uint8Array();
  const leafDetails = leaf?.details ?? new Uint8Array();
  const intermediateKey = Details.decode(intermediateDetails).key ?? new Uint8Array();

  expect(isSignedBy(root.public, intermediateDetails, intermediate?.signature ?? new Uint8Array())).toBe(true);
  expect(isSignedBy(intermediateKey, leafDetails, leaf?.signature ?? new Uint8Array())).toBe(true);
  expect(Buffer.from(Details.decode(leafDetails).key ?? [])).toEqual(staticKey.public);
  const another = newKeyPair().public;
  expect(isSignedBy(another, intermediateDetails, intermediate?.signature ?? new Uint8Array())).toBe(false);
});

test('rootKey() gives the same public key for the same private key', () => {
  const { private: privateKey, public: publicKey } = newKeyPair();
  expect(rootKey(privateKey.toString('hex')).public).toEqual(publicKey);
});

test.each(['ab', 'zz'.repeat(32), '42'.repeat(33)])('rootKey() refuses "%s"', (hex) => {
  expect(() => rootKey(hex)).toThrow(RootKeyError);
});

test('rootKeyInFile() keeps its key over a restart, and refuses a broken file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'berth-root-key-'));
  const path = join(dir, 'root-key');
  const { public: publicKey } = rootKeyInFile(path);
  expect(rootKeyInFile(path).public).toEqual(publicKey);
  writeFileSync(path, 'torn');
  expect(() => rootKeyInFile(path)).toThrow(RootKeyError);
  rmSync(dir, { recursive: true });
});
