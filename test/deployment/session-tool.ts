import type { AckLevel, MediaFile } from '@berth/session-pod/engine/engine.ts';
import { kubectl } from './kubectl.ts';

/** A message that came in, as the session's process tells it. */
export interface IncomingMessage {
  readonly sequence: number;
  readonly from: string;
  readonly text: string;
  readonly media?: { readonly mimetype: string; readonly fileName?: string; readonly sizeBytes?: number };
}

/** What became of a message that was sent. */
export interface SentAck {
  readonly sequence: number;
  readonly id: string;
  readonly level: AckLevel;
}

/**
 * The session's own tool, run in its container by `kubectl exec`: what a person uses who may exec into pods.
 * Each call rejects with what the session said.
 */
export function sessionTool(namespace: string, name: string) {
  const local = (words: readonly string[], input?: string) =>
    kubectl(
      ['--namespace', namespace, 'exec', ...(input === undefined ? [] : ['--stdin']), name, '--', ...program, ...words],
      input === undefined ? { timeoutMs: 90_000 } : { timeoutMs: 90_000, input },
    );
  const listed = async <Each>(words: readonly string[]): Promise<Each[]> => {
    const lines = (await local(words)).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Each);
  };
  const idOf = (answer: string): string => (JSON.parse(answer) as { readonly id: string }).id;
  return {
    /** The text that the QR code encodes. */
    qrText: async () => (await local(['qr', '--text'])).trim(),
    /** The QR code as it is drawn for a terminal. */
    qrDrawn: () => local(['qr']),
    /** The code to enter on the phone. */
    pairingCode: async () => (await local(['pairing-code'])).trim(),
    /** Sends a text and gives its id. */
    send: async (to: string, text: string) => idOf(await local(['send', to], text)),
    /** Sends a file and gives its id. */
    async sendFile(to: string, { mimetype, fileName, data }: MediaFile, caption = ''): Promise<string> {
      const named = fileName === undefined ? [] : ['--name', fileName];
      const words = ['send-file', '--base64', '--type', mimetype, ...named, to, '-', ...(caption ? [caption] : [])];
      return idOf(await local(words, Buffer.from(data).toString('base64')));
    },
    /** The messages that came in during this run, oldest first. */
    messages: () => listed<IncomingMessage>(['messages']),
    /** The file of the message with this sequence. */
    media: async (sequence: number) => Buffer.from(await local(['media', '--base64', String(sequence)]), 'base64'),
    /** What became of the messages that were sent, in the order in which it was learnt. */
    acks: () => listed<SentAck>(['acks']),
  };
}

const program = ['node', '/app/session-pod/local.ts'];
