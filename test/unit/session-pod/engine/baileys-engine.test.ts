import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBaileysEngine } from '@berth/session-pod/engine/baileys-engine.ts';
import type { EngineListener } from '@berth/session-pod/engine/engine.ts';
import { NotConnectedError } from '@berth/session-pod/engine/not-connected-error.ts';
import { openCredentialStore } from '@berth/session-pod/storage/credential-store.ts';
import { expect, onTestFinished, test } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { eventually } from '../eventually.ts';
import { silentLog } from '../silent-log.ts';

type EngineEvent = Parameters<EngineListener['onSession']>[0];

/** An engine that dials a server which answers every upgrade with this status, as a proxy on the way would. */
async function anEngineBehindAProxy(status: number) {
  const proxy = createServer();
  proxy.on('upgrade', (_request, socket) => socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\n\r\n`));
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  const store = openCredentialStore(aTemporaryDirectory());
  const events: EngineEvent[] = [];
  const engine = createBaileysEngine({
    store,
    log: silentLog,
    listener: { onSession: (event) => events.push(event), onMessage: () => {}, onAck: () => {} },
    webSocketUrl: `ws://127.0.0.1:${(proxy.address() as AddressInfo).port}/ws/chat`,
  });
  onTestFinished(async () => {
    await engine.close(100);
    store.close();
    proxy.close();
  });
  return { engine, events, store };
}

test.each([401, 403, 440])('createBaileysEngine() takes no %i of a proxy for the word of WhatsApp', async (status) => {
  const { engine, events } = await anEngineBehindAProxy(status);
  await engine.connect();
  await eventually(
    () => events,
    (seen) => seen.length > 0,
  );
  expect(events).toMatchObject([{ type: 'Closed', code: status, saidByWhatsApp: false }]);
});

test('createBaileysEngine() says that it has no connection, before it dials and after it was closed', async () => {
  const { engine, events } = await anEngineBehindAProxy(503);
  await expect(engine.sendText('5511999999999', 'hi')).rejects.toThrow(NotConnectedError);
  await expect(engine.probe()).rejects.toThrow(NotConnectedError);
  await expect(engine.logout(100)).rejects.toThrow(NotConnectedError);
  await engine.connect();
  await engine.close(1_000);
  await expect(engine.probe()).rejects.toThrow(NotConnectedError);
  expect(events).toEqual([]);
});
