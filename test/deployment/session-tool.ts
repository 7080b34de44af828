import { kubectl } from './kubectl.ts';

/** A text that came in, as the session's process tells it. */
export interface IncomingText {
  readonly sequence: number;
  readonly from: string;
  readonly text: string;
}

/**
 * The session's own tool, run in its container by `kubectl exec`: what a person uses who may exec into pods.
 * Each call rejects with what the session said.
 */
export function sessionTool(namespace: string, name: string) {
  const local = (words: readonly string[], input?: string) =>
    kubectl(
      ['--namespace', namespace, 'exec', ...(input === undefined ? [] : ['--stdin']), name, '--', ...program, ...words],
      input === undefined ? { timeoutMs: 30_000 } : { timeoutMs: 30_000, input },
    );
  return {
    /** The text that the QR code encodes. */
    qrText: async () => (await local(['qr', '--text'])).trim(),
    /** The QR code as it is drawn for a terminal. */
    qrDrawn: () => local(['qr']),
    /** Sends a text and gives its id. */
    async send(to: string, text: string): Promise<string> {
      return (JSON.parse(await local(['send', to], text)) as { id: string }).id;
    },
    /** The texts that came in during this run, oldest first. */
    async messages(): Promise<IncomingText[]> {
      const lines = (await local(['messages'])).split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as IncomingText);
    },
  };
}

const program = ['node', '/app/session-pod/local.ts'];
