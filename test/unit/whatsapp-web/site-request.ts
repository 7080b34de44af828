import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { WhatsAppWeb } from '../../whatsapp-web/start-whatsapp-web.ts';

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Asks the site as a browser does, one that trusts its certificate. */
export async function askSite({ sitePort }: WhatsAppWeb, path: string, { method = 'GET', headers, body }: Asked = {}) {
  const asked = request({ host: '127.0.0.1', port: sitePort, path, method, headers, rejectUnauthorized: false });
  asked.setTimeout(2_000, () => asked.destroy(new Error('No answer')));
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

/** Uploads a file as a page with this token; gives the path of its content. */
export async function upload(site: WhatsAppWeb, token: string | undefined, mimetype: string, body: Buffer) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': mimetype };
  const answer = await askSite(site, '/media', { method: 'POST', headers, body });
  if (answer.status !== 200) throw new Error(`Cannot upload: the site answered ${answer.status}`);
  return (JSON.parse(answer.body.toString('utf8')) as { directPath: string }).directPath;
}
