import { maxMediaBytes, podApiPaths } from '@berth/protocol';
import type { RecentMessage } from '../../run/recent-messages.ts';
import type { Answer } from '../problem.ts';
import { problem } from '../problem.ts';
import { refusalOf } from '../refusal.ts';
import type { Route } from '../route.ts';

export interface MediaDependencies {
  readonly find: (sequence: number) => RecentMessage | undefined;
  /** Loads the file. Bounded by its caller, below the operator's own patience. */
  readonly read: (media: NonNullable<RecentMessage['media']>) => Promise<Uint8Array>;
}

/**
 * The file of one of the recent messages, `?sequence=<of the message>`. As plain bytes whatever its mimetype, which its sender
 * chose: a browser must not take it for a page.
 */
export const mediaRoute = ({ find, read }: MediaDependencies): Route => ({
  method: 'GET',
  path: podApiPaths.media,
  access: 'operator',
  async answer({ query }) {
    const { media } = find(Number(query.get('sequence') ?? Number.NaN)) ?? {};
    if (!media) {
      const detail = 'Cannot give a file: none of the recent messages has this "sequence" and a file; see the messages';
      return problem(404, 'NO_SUCH_FILE', 'No such file', detail);
    }
    if ((media.sizeBytes ?? 0) > maxMediaBytes)
      return unavailable(`Cannot read the file: it is larger than ${maxMediaBytes} bytes; open it on the phone`);
    try {
      return { status: 200, raw: { contentType: 'application/octet-stream', content: await read(media) } };
    } catch (error) {
      return refusalOf(error, unavailable);
    }
  },
});

function unavailable(detail: string): Answer {
  return problem(502, 'MEDIA_UNAVAILABLE', 'File unavailable', detail);
}
