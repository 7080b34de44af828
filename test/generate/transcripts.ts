import { writeFileSync } from 'node:fs';
import { stories } from '../transcripts/stories.ts';

/** Where the transcript of a story lies, from the project's folder. */
export const transcriptFile = (name: string) => `test/transcripts/${name}.md`;

if (import.meta.main) {
  for (const [name, tell] of Object.entries(stories)) writeFileSync(transcriptFile(name), tell().text);
}
