import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Labels } from './prometheus.ts';

/** An alert as Alertmanager posts it. */
export interface ReceivedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Labels;
  readonly annotations: Labels;
  /** By the clock of this process, in milliseconds. */
  readonly receivedAtMs: number;
}

/** Takes what an Alertmanager posts. */
export interface AlertReceiver {
  readonly url: string;
  /** All that came, oldest first. */
  received(): readonly ReceivedAlert[];
  close(): Promise<void>;
}

/** Starts one on loopback. What is no post of an Alertmanager fails the request, which that tries again and logs. */
export async function startAlertReceiver(): Promise<AlertReceiver> {
  const all: ReceivedAlert[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const { alerts } = (await json(request)) as { alerts: Omit<ReceivedAlert, 'receivedAtMs'>[] };
      const receivedAtMs = Date.now();
      all.push(...alerts.map((alert) => ({ ...alert, receivedAtMs })));
      response.writeHead(200).end();
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`,
    received: () => all,
    async close() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
