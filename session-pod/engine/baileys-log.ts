import type { ILogger } from '@whiskeysockets/baileys/lib/Utils/logger.js';
import type { Log } from '../publish/log.ts';
import { toldError } from '../publish/masked-text.ts';

/**
 * Lets through what Baileys says at warn and above, as its sentence alone: the objects beside it hold keys, stanzas,
 * texts and phone numbers, at any depth. Numbers of five digits and more are masked in the sentence too.
 */
export function baileysLog(log: Log): ILogger {
  const tell = (given: unknown, sentence?: string) =>
    log.warn({ said: shortened(sentence ?? given), because: shortened(causeOf(given)) }, 'Baileys warns');
  const ignore = () => {};
  const logger: ILogger = {
    level: 'warn',
    child: () => logger,
    trace: ignore,
    debug: ignore,
    info: ignore,
    warn: tell,
    error: tell,
  };
  return logger;
}

function causeOf(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return undefined;
  const cause = 'err' in given ? given.err : 'error' in given ? given.error : undefined;
  return cause instanceof Error ? cause.message : undefined;
}

function shortened(words: unknown): string | undefined {
  return typeof words === 'string' ? toldError(words) : undefined;
}
