import { createServer } from 'node:http';
import { type AdminRoutes, answerByRoutes } from '../admin-http/admin-routes.ts';
import { textField } from '../admin-http/fields.ts';
import { logToStdout } from '../admin-http/log.ts';
import { startServer, stopServer } from '../admin-http/start-server.ts';
import { portFrom } from '../stand-ins/port-from.ts';
import { AskedTunnels } from './asked-tunnels.ts';
import { startHttpProxy } from './start-http-proxy.ts';

/**
 * A proxy for sessions as a process, for the image of the test cluster. Whoever shows a user and a password is let through, and by the
 * user it tells what was asked for. From the environment: PROXY_PORT (3128), PROXY_ADMIN_PORT (7082), LISTEN_HOST (0.0.0.0)
 * and WHATSAPP_WEB_SITE (where to go for web.whatsapp.com; else there).
 */
const { env } = process;
const host = env['LISTEN_HOST'] ?? '0.0.0.0';
const site = env['WHATSAPP_WEB_SITE'];
const tunnels = new AskedTunnels();

const proxy = await startHttpProxy({
  port: portFrom('PROXY_PORT', 3_128),
  host,
  credentials: 'any',
  onTunnel: tunnels.add,
  resolve: (hostname) => (hostname === 'web.whatsapp.com' ? site : undefined),
});
const routes = {
  'GET /admin/tunnels': (query) => tunnels.of(textField(query, 'username', { example: 'berth' })),
  'GET /healthz': () => ({}),
} satisfies AdminRoutes;
const admin = createServer((request, response) => void answerByRoutes(routes, request, response));
const adminPort = await startServer(admin, { port: portFrom('PROXY_ADMIN_PORT', 7_082), host });
logToStdout('Proxy started', { url: proxy.url, adminPort });

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

async function stop() {
  await Promise.all([proxy.stop(), stopServer(admin)]);
  process.exit(0);
}
