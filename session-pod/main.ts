import { terminationLogOf, writeLastWords } from './run/last-words.ts';
import { listenForStopSignal } from './run/stop-signal.ts';

// Little is imported above: loading the rest takes most of a second, in which a stop is heard already.
const stopSignal = listenForStopSignal((signal) => leave(`Asked to stop by ${signal} before the session started`, 0));

try {
  const { start } = await import('./start.ts');
  start(stopSignal);
} catch (error) {
  console.error(error);
  leave(`Cannot load the session: ${error instanceof Error ? error.message : String(error)}`, 1);
}

/** Ends a process that holds nothing yet, or nothing that does not go with it. */
function leave(message: string, exitCode: 0 | 1): void {
  try {
    writeLastWords(terminationLogOf(process.env), { message });
  } catch (error) {
    console.error(error);
  }
  process.exit(exitCode);
}
