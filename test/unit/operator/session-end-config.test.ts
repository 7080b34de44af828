import { ConfigurationError, parseConfig } from '@berth/operator/config.ts';
import { expect, test } from 'vitest';

const images = { Baileys: 'session:dev', WhatsAppWebJS: 'web:dev' };
const base = { namespace: 'berth-system', serviceName: 'berth', session: { images } };
const parse = (fields: object) => parseConfig({ ...base, ...fields }, 'operator-1', 'info');
const url = 'https://audit.example.com/in';

test('parseConfig() gives records 120 s, and no sinks to the cluster, unless told', () => {
  expect(parse({})).toMatchObject({ endRecordDeadlineMs: 120_000, clusterSinks: [], plan: { clusterSinks: [] } });
});

test('parseConfig() tells plan() the URLs of the cluster sinks, and keeps their keys from it', () => {
  const secretRef = { name: 'audit', key: 'secret' };
  const config = parse({ endRecordDeadlineSeconds: 30, sinks: [{ url, secretRef }, { url: 'http://b.example/' }] });
  expect(config.endRecordDeadlineMs).toBe(30_000);
  expect(config.clusterSinks).toEqual([{ url, secretRef }, { url: 'http://b.example/' }]);
  expect(config.plan.clusterSinks).toEqual([url, 'http://b.example/']);
});

test.each([
  ['no list', { sinks: url }, '"sinks" is'],
  ['no object', { sinks: [url] }, '"sinks[0]" is'],
  ['no URL', { sinks: [{ url: 'audit' }] }, '"sinks" is'],
  ['another scheme', { sinks: [{ url: 'ftp://a.example/' }] }, '"sinks" is'],
  ['half a reference', { sinks: [{ url, secretRef: { name: 'audit' } }] }, '"sinks[0].secretRef.key" is'],
  ['a URL twice', { sinks: [{ url }, { url }] }, '"sinks" is'],
  ['nine', { sinks: Array.from({ length: 9 }, (_, index) => ({ url: `${url}/${index}` })) }, '"sinks" is'],
])('parseConfig() refuses %s as sinks, without repeating a URL of a sink', (_what, fields, said) => {
  const attempt = () => parse(fields);
  expect(attempt).toThrow(ConfigurationError);
  expect(attempt).toThrow(said);
});
