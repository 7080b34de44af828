import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { parseArgs } from 'node:util';
import { BerthError, podApiPaths } from '@berth/protocol';
import { drawQr } from './api/draw-qr.ts';
import { defaultLocalSocket } from './api/local-server.ts';

const usage = `Talks to the session whose container this is:
  qr [--text]           the QR code to scan in WhatsApp under Linked devices, drawn, or as text
  state                 what the session does
  send <to> <text>      sends a text to a phone number or an address
  messages [<since>]    texts that came in, as JSON lines; after the sequence <since>`;

/** The session's process refused, or was not there to answer. */
class LocalRequestError extends BerthError {
  readonly code = 'LOCAL_REQUEST_FAILED';
  readonly retryable = true;
}

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const socketPath = process.env['BERTH_LOCAL_SOCKET'] ?? defaultLocalSocket;
const answerWithinMs = 25_000; // A text to send may take the pod 20 s.

/** @throws {LocalRequestError} nobody answers on the socket */
function ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      const what = `Cannot reach the session: "${socketPath}" does not answer (${cause.message})`;
      reject(new LocalRequestError(`${what}; see the pod's log, or whether it is wedged`, { cause }));
    };
    const outgoing = request({ socketPath, method, path, timeout: answerWithinMs }, (response) => {
      read(response).then(resolve, fail);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${answerWithinMs} ms`)));
    outgoing.on('error', fail);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function read(response: IncomingMessage): Promise<Reply> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, body: JSON.parse(text) as Reply['body'] };
}

/** Gives the body of a 200. @throws {LocalRequestError} any other answer, in the session's words */
async function mustAsk(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Reply['body']> {
  const reply = await ask(method, path, body);
  if (reply.status === 200) return reply.body;
  const { detail } = reply.body;
  const otherwise = `Cannot do that: the session answered ${reply.status}; see the pod's log`;
  throw new LocalRequestError(typeof detail === 'string' ? detail : otherwise);
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { text: { type: 'boolean' } } });
  const [command, ...rest] = positionals;
  switch (command) {
    case 'qr': {
      const code = String((await mustAsk('GET', podApiPaths.qr))['qr']);
      return print(values.text ? code : drawQr(code));
    }
    case 'state':
      return print(JSON.stringify((await ask('GET', podApiPaths.readyz)).body));
    case 'send': {
      const [to, ...words] = rest;
      // A text may come over standard input, where no process list shows it.
      const text = words.length > 0 ? words.join(' ') : readFileSync(0, 'utf8');
      return print(JSON.stringify(await mustAsk('POST', podApiPaths.messages, { to, text })));
    }
    case 'messages': {
      const { messages } = await mustAsk('GET', `${podApiPaths.messages}?since=${Number(rest[0] ?? 0)}`);
      return (messages as unknown[]).forEach((message) => print(JSON.stringify(message)));
    }
    case undefined:
    default:
      print(usage);
      process.exitCode = command === undefined ? 0 : 2;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
