import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { BerthError, podApiPaths, type SendRequest } from '@berth/protocol';
import { drawQr } from './api/draw-qr.ts';
import { defaultLocalSocket } from './api/local-server.ts';
import { mimetypeOf } from './api/mimetype.ts';

const usage = `Talks to the session whose container this is:
  qr [--text]             the QR code to scan in WhatsApp under Linked devices, drawn, or as text
  pairing-code            the code to enter in WhatsApp under Linked devices, Link with phone number instead
  state                   what the session does
  send <to> <text>        sends a text to a phone number or an address
  send-file <to> <file> [<caption>] [--type <mimetype>] [--name <name>] [--base64]
                          sends a file of at most 16 MiB; - for standard input, with --base64 as base64
  messages [<since>]      messages that came in, as JSON lines; after the sequence <since>
  media <sequence> [--base64]
                          the file of one of those messages, as it is, or as base64
  acks [<since>]          what became of messages that were sent, as JSON lines; after the sequence <since>`;

/** The session's process refused, or was not there to answer. */
class LocalRequestError extends BerthError {
  readonly code = 'LOCAL_REQUEST_FAILED';
  readonly retryable = true;
}

interface Reply {
  readonly status: number;
  readonly content: Buffer;
}

const socketPath = process.env['BERTH_LOCAL_SOCKET'] ?? defaultLocalSocket;
const answerWithinMs = 70_000; // A file to send or to read may take the pod 60 s.
const options = {
  text: { type: 'boolean' },
  base64: { type: 'boolean' },
  type: { type: 'string' },
  name: { type: 'string' },
} as const;

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
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode ?? 0, content: Buffer.concat(chunks) };
}

function parsed({ content }: Reply): Record<string, unknown> {
  return JSON.parse(content.toString('utf8')) as Record<string, unknown>;
}

/** Gives the content of a 200. @throws {LocalRequestError} any other answer, in the session's words */
async function mustGive(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Reply> {
  const reply = await ask(method, path, body);
  if (reply.status === 200) return reply;
  const { detail } = parsed(reply);
  const otherwise = `Cannot do that: the session answered ${reply.status}; see the pod's log`;
  throw new LocalRequestError(typeof detail === 'string' ? detail : otherwise);
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const [command, ...rest] = positionals;
  switch (command) {
    case 'qr': {
      const code = String(parsed(await mustGive('GET', podApiPaths.qr))['qr']);
      return print(values.text ? code : drawQr(code));
    }
    case 'pairing-code':
      return print(String(parsed(await mustGive('GET', podApiPaths.pairingCode))['pairingCode']));
    case 'state':
      return print(JSON.stringify(parsed(await ask('GET', podApiPaths.readyz))));
    case 'send': {
      const [to, ...words] = rest;
      // A text may come over standard input, where no process list shows it.
      return send({ to: to ?? '', text: words.length > 0 ? words.join(' ') : readFileSync(0, 'utf8') });
    }
    case 'send-file': {
      const [to = '', file = '-', ...caption] = rest;
      const content = readFileSync(file === '-' ? 0 : file);
      const fileName = values.name ?? (file === '-' ? undefined : basename(file));
      const mimetype = values.type ?? mimetypeOf(fileName ?? '');
      const data = values.base64 ? content.toString('latin1').replaceAll(/\s/g, '') : content.toString('base64');
      const media = { mimetype, data, ...(fileName === undefined ? {} : { fileName }) };
      return send({ to, text: caption.join(' '), media });
    }
    case 'messages':
      return list('messages', podApiPaths.messages, rest[0]);
    case 'media': {
      const { content } = await mustGive('GET', `${podApiPaths.media}?sequence=${Number(rest[0])}`);
      process.stdout.write(values.base64 ? `${content.toString('base64')}\n` : content);
      return;
    }
    case 'acks':
      return list('acks', podApiPaths.acks, rest[0]);
    case undefined:
    default:
      print(usage);
      process.exitCode = command === undefined ? 0 : 2;
  }
}

async function send(message: SendRequest): Promise<void> {
  print(JSON.stringify(parsed(await mustGive('POST', podApiPaths.messages, message))));
}

async function list(name: 'messages' | 'acks', path: string, since: string | undefined): Promise<void> {
  const found = parsed(await mustGive('GET', `${path}?since=${Number(since ?? 0)}`))[name];
  for (const each of found as unknown[]) print(JSON.stringify(each));
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
