import { describe, test } from 'vitest';

/** What happens next to a session that is as the steps before have left it. */
export interface Step {
  readonly what: string;
  readonly body: () => Promise<void>;
  /** It is more than the engine can do, and no later step needs it. */
  readonly isSkipped?: boolean;
}

/** More than any step takes on two cores that are busy with other lives. */
const stepTimeoutMs = 300_000;

/** The life of one session, told in steps that need each other: once one has failed the rest is skipped. Lives run side by side. */
export function life(name: string, tell: (step: (...words: StepWords) => void) => void): void {
  const steps: Step[] = [];
  tell((what, body, options = {}) => steps.push({ what, body, ...options }));
  // oxlint-disable-next-line vitest/valid-title -- Each life has its own.
  describe.concurrent(name, () => {
    let hasFailed = false;
    // oxlint-disable-next-line vitest/expect-expect -- It is the steps that expect something.
    test.for(steps)('$what', { concurrent: false, timeout: stepTimeoutMs }, async ({ body, isSkipped }, { skip }) => {
      skip(isSkipped === true, 'The engine cannot do it');
      skip(hasFailed, 'A step before it has failed');
      hasFailed = true;
      await body();
      hasFailed = false;
    });
  });
}

type StepWords = [what: Step['what'], body: Step['body'], options?: Pick<Step, 'isSkipped'>];
