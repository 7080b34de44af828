import { inWords } from '../cluster/progress.ts';

/** Shows a text below the title of its step. */
export type See = (text: string) => void;

export interface Outcome<T> {
  readonly said: string;
  readonly value: T;
}

/** Prints what is done, what was seen, and how long it took. */
export interface Story {
  /**
   * Tells one step. `work` shows what it sees by `see`, and gives in words what came of it, perhaps with a value.
   * @throws what `work` throws, once it is told that the step went wrong
   */
  step(title: string, work: (see: See) => Promise<string>): Promise<void>;
  step<T>(title: string, work: (see: See) => Promise<Outcome<T>>): Promise<T>;
}

const paint = process.stdout.isTTY
  ? (code: string, text: string) => `\u001B[${code}m${text}\u001B[0m`
  : (_code: string, text: string) => text;
const bold = (text: string) => paint('1', text);
const dim = (text: string) => paint('2', text);
const green = (text: string) => paint('32', text);
const red = (text: string) => paint('31', text);

/**
 * Creates a story.
 * @param interrupted from then on nothing is told, and no step ends: somebody has other plans for the process
 */
export function createStory(print: (line: string) => void, interrupted: AbortSignal): Story {
  const write = (line: string) => {
    if (!interrupted.aborted) print(line);
  };
  const unlessInterrupted = () => (interrupted.aborted ? new Promise<never>(() => undefined) : undefined);
  let number = 0;
  async function step<T>(title: string, work: (see: See) => Promise<string | Outcome<T>>): Promise<T | undefined> {
    await unlessInterrupted();
    number += 1;
    write(`\n${bold(`${number}. ${title}`)}`);
    const startedAtMs = performance.now();
    const took = () => dim(`(${inWords(performance.now() - startedAtMs)})`);
    try {
      const result = await work((text) => write(indented(text)));
      await unlessInterrupted();
      const { said, value } = typeof result === 'string' ? { said: result, value: undefined } : result;
      write(`   ${green('✓')} ${said} ${took()}`);
      return value;
    } catch (error) {
      await unlessInterrupted();
      write(`   ${red('✗')} It is not so ${took()}`);
      throw error;
    }
  }
  return { step: step };
}

const indented = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `   ${line}`)
    .join('\n');
