import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { transcriptFile } from '../../generate/transcripts.ts';
import { stories } from '../../transcripts/stories.ts';

/** How often a word stands in a text. */
const count = (text: string, word: string) => text.split(word).length - 1;

describe.each(Object.entries(stories).map(([name, tell]) => ({ name, tell })))(
  'the transcript of $name',
  ({ name, tell }) => {
    test('is what plan() answers today; `make generate` writes it anew', () => {
      expect(readFileSync(transcriptFile(name), 'utf8')).toBe(tell().text);
    });

    test('records one end for each run that is over, and starts none before the one before it was released', () => {
      const { text, cluster } = tell();
      const living = cluster.observed.pod === undefined ? 0 : 1;
      expect(cluster.ends.size).toBe(cluster.runs - living);
      expect(count(text, 'CreateSessionEnd')).toBe(cluster.ends.size);
      const order = [...text.matchAll(/CreatePod|CreateSessionEnd|RemovePodFinalizer/g)].map(([word]) => word);
      const life = ['CreatePod', 'CreateSessionEnd', 'RemovePodFinalizer'];
      expect(order).toEqual(order.map((_, index) => life[index % 3]));
    });
  },
);
