import { logToStdout } from '../admin-http/log.ts';
import { portFrom } from '../stand-ins/port-from.ts';
import { startWhatsAppWeb } from './start-whatsapp-web.ts';

/**
 * The stand-in for web.whatsapp.com as a process, for the image of the test cluster. From the environment:
 * WHATSAPP_WEB_SITE_PORT (7443, HTTPS), WHATSAPP_WEB_ADMIN_PORT (7081, HTTP), LISTEN_HOST (0.0.0.0), WHATSAPP_WEB_KEY_FILE
 * (else a new key each time) and WHATSAPP_WEB_STATE_FILE (else only in memory).
 */
const { env } = process;
const log = logToStdout;

const whatsAppWeb = await startWhatsAppWeb({
  sitePort: portFrom('WHATSAPP_WEB_SITE_PORT', 7_443),
  adminPort: portFrom('WHATSAPP_WEB_ADMIN_PORT', 7_081),
  host: env['LISTEN_HOST'] ?? '0.0.0.0',
  keyFile: env['WHATSAPP_WEB_KEY_FILE'],
  stateFile: env['WHATSAPP_WEB_STATE_FILE'],
  log,
});
const { sitePort, adminPort, spki } = whatsAppWeb;
log('Stand-in started', { sitePort, adminPort, spki });

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));

async function stop(signal: string) {
  log('Stand-in stopping', { signal });
  await whatsAppWeb.stop();
  process.exit(0);
}
