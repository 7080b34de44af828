import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { aCaller, caOf, gatewayClient, tokenOf } from './gateway-client.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';

/** A server of its own: who may do what is asked of its RBAC. */
let server: TestApiServer;
let world: SessionWorld;
let elsewhere: SessionWorld;
let operator: OperatorProcess;
let gateway: ReturnType<typeof gatewayClient>;
const tokens = { viewer: '', operator: '', admin: '', stranger: '', wrongAudience: '' };

const read = {
  apiGroups: ['berth.dev'],
  resources: ['whatsappsessions', 'sessionends'],
  verbs: ['get', 'list', 'watch'],
};
const act = (subresources: readonly string[], verb: string) => ({
  apiGroups: ['berth.dev'],
  resources: subresources.map((each) => `whatsappsessions/${each}`),
  verbs: [verb],
});
const actions = act(['start', 'stop', 'restart', 'force-kill'], 'create');
const codes = act(['qr', 'pairing-code'], 'get');
const make = { apiGroups: ['berth.dev'], resources: ['whatsappsessions'], verbs: ['create', 'delete'] };

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true });
  world = await createSessionWorld(server.kubeconfigPath, 'gateway');
  elsewhere = await createSessionWorld(server.kubeconfigPath, 'elsewhere');
  operator = await startOperatorProcess({ kubeconfig: server.kubeconfigPath });
  const { client, namespace } = world;
  await world.apply('here');
  await world.untilPod('here', 'there', () => true);
  gateway = gatewayClient(operator.gatewayUrl, await caOf(client, namespace));
  tokens.viewer = await aCaller(client, namespace, 'viewer', [read]);
  tokens.operator = await aCaller(client, namespace, 'operator', [read, actions, codes]);
  tokens.admin = await aCaller(client, namespace, 'admin', [read, actions, codes, make]);
  tokens.stranger = await aCaller(client, elsewhere.namespace, 'operator', [read, actions, codes]);
  tokens.wrongAudience = await tokenOf(client, namespace, 'admin', 'https://kubernetes.default.svc');
});
afterAll(async () => {
  await gateway?.close();
  await operator?.terminate();
  await world?.close();
  await elsewhere?.close();
  await server?.stop();
});

const at = (rest = '') => `/api/v1/namespaces/${world.namespace}/sessions${rest}`;

test('a force-kill answers that the run is dead, and leaves the session killed', async () => {
  onTestFailed(() => console.info(operator.log().slice(-4_000)));
  await world.apply('wedged');
  const pod = await world.untilPod('wedged', 'there', () => true);
  const answer = await gateway.call(at('/wedged/force-kill'), { method: 'POST', token: tokens.operator });
  expect(answer.json).toMatchObject({
    outcome: 'killed',
    end: { runUid: pod.metadata.uid, reason: 'force_killed', terminationConfirmed: true },
    session: { spec: { desiredState: 'Killed' } },
  });
  expect(answer.status).toBe(200);
  const again = await gateway.call(at('/wedged/force-kill'), { method: 'POST', token: tokens.operator });
  expect([again.status, again.json.outcome]).toEqual([200, 'already_stopped']);
});

/** Who may call what: the status that each gets. */
const access: readonly [
  method: 'GET' | 'POST' | 'DELETE',
  route: string,
  by: Partial<Record<keyof typeof tokens, number>>,
][] = [
  ['GET', '', { viewer: 200, operator: 200, admin: 200 }],
  ['POST', '', { viewer: 403, operator: 403, admin: 400 }],
  ['GET', '/here', { viewer: 200, operator: 200, admin: 200 }],
  ['DELETE', '/none', { viewer: 403, operator: 403, admin: 404 }],
  ['GET', '/here/ends', { viewer: 200, operator: 200, admin: 200 }],
  ['GET', '/none/events', { viewer: 404, operator: 404, admin: 404 }],
  ['GET', '/here/qr', { viewer: 403, operator: 409, admin: 409 }],
  ['GET', '/here/pairing-code', { viewer: 403, operator: 409, admin: 409 }],
  ['POST', '/none/start', { viewer: 403, operator: 404, admin: 404 }],
  ['POST', '/none/stop', { viewer: 403, operator: 404, admin: 404 }],
  ['POST', '/none/restart', { viewer: 403, operator: 404, admin: 404 }],
  ['POST', '/none/force-kill', { viewer: 403, operator: 404, admin: 404 }],
];

test.each(access)('%s sessions%s is for those who may', async (method, route, by) => {
  const statusOf = async (token?: string) => {
    const { status, json } = await gateway.call(at(route), { method, ...(token === undefined ? {} : { token }) });
    if (status >= 400)
      expect(json).toEqual({
        type: 'about:blank',
        title: expect.any(String),
        status,
        code: expect.any(String),
        detail: expect.stringMatching(/^Cannot .+; .+/s),
      });
    return status;
  };
  expect(await statusOf()).toBe(401);
  expect(await statusOf('nobody')).toBe(401);
  expect(await statusOf(tokens.wrongAudience)).toBe(401);
  expect(await statusOf(tokens.stranger)).toBe(403);
  for (const [who, status] of Object.entries(by))
    expect([who, await statusOf(tokens[who as keyof typeof tokens])]).toEqual([who, status]);
});
