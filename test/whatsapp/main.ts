import { logToStdout } from '../admin-http/log.ts';
import { portFrom } from '../stand-ins/port-from.ts';
import { startWebhookReceiver } from '../webhook-receiver/start-webhook-receiver.ts';
import { quietConsole } from './quiet-console.ts';
import { startWhatsApp } from './start-whatsapp.ts';

/**
 * The stand-in for WhatsApp's servers and the receiver of webhooks in one process, for the image of the test cluster; the
 * site and the proxy have processes of their own. From the environment: WHATSAPP_PORT (7080), WHATSAPP_MEDIA_PORT (7443,
 * which has to be the one clients reach it by), WEBHOOK_PORT (7090), LISTEN_HOST (0.0.0.0), WHATSAPP_ROOT_PRIVATE_KEY (64
 * hexadecimal digits) or WHATSAPP_ROOT_KEY_FILE (else a new key each time), WHATSAPP_STATE_FILE (else only in memory) and
 * WEBHOOK_SECRETS (separated by commas).
 */
const { env } = process;
const host = env['LISTEN_HOST'] ?? '0.0.0.0';
const log = logToStdout;
quietConsole();

const whatsApp = await startWhatsApp({
  port: portFrom('WHATSAPP_PORT', 7_080),
  mediaPort: portFrom('WHATSAPP_MEDIA_PORT', 7_443),
  host,
  rootPrivateKey: env['WHATSAPP_ROOT_PRIVATE_KEY'],
  rootKeyFile: env['WHATSAPP_ROOT_KEY_FILE'],
  stateFile: env['WHATSAPP_STATE_FILE'],
  log,
});
const receiver = await startWebhookReceiver({
  port: portFrom('WEBHOOK_PORT', 7_090),
  host,
  secrets: (env['WEBHOOK_SECRETS'] ?? '').split(',').filter((secret) => secret !== ''),
});
log('Stand-ins started', {
  whatsAppPort: whatsApp.port,
  mediaPort: whatsApp.mediaPort,
  webhookPort: receiver.port,
  rootPublicKey: whatsApp.rootPublicKey,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));

async function stop(signal: string) {
  log('Stand-ins stopping', { signal });
  await Promise.all([whatsApp.stop(), receiver.stop()]);
  process.exit(0);
}
