import { BerthError } from '@berth/protocol';
import { mustRun } from '../cluster/command.ts';

/** What an archive of an image says of itself. */
export interface ArchivedImage {
  readonly labels: Readonly<Record<string, string>>;
  /** From the lowest to the highest. */
  readonly layers: readonly Layer[];
}

export interface Layer {
  readonly digest: string;
  /** Bytes, compressed: what is pulled. */
  readonly bytes: number;
  /** The instruction that made it. */
  readonly madeBy: string;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

interface Config {
  readonly config?: { readonly Labels?: Readonly<Record<string, string>> };
  readonly history?: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
}

/** Labels that every image of a release carries. Its source is none of them: there is no address of the project yet. */
export const releaseLabels = ['title', 'description', 'licenses', 'version', 'revision', 'created'].map(
  (name) => `org.opencontainers.image.${name}`,
);

/** An image lacks what is said of it. */
export class LabelsMissingError extends BerthError {
  readonly code = 'IMAGE_LABELS_MISSING';
  readonly retryable = false;
  constructor(file: string, missing: readonly string[]) {
    super(
      `Cannot release "${file}": its image has no label ${missing.join(', ')}; add it to the Dockerfile or the release`,
    );
  }
}

/**
 * Reads labels and layers of an image from a tar with its OCI layout.
 * @throws {LabelsMissingError} one of `releaseLabels` is not there, or empty
 */
export async function readArchive(file: string): Promise<ArchivedImage> {
  const read = async <T>(path: string) =>
    JSON.parse(await mustRun('tar', ['--extract', '--to-stdout', '--file', file, path])) as T;
  const blob = <T>(digest: string) => read<T>(`blobs/${digest.replace(':', '/')}`);
  const index = await read<{ manifests: [Descriptor] }>('index.json');
  const manifest = await blob<{ config: Descriptor; layers: Descriptor[] }>(index.manifests[0].digest);
  const { config, history = [] } = await blob<Config>(manifest.config.digest);
  const labels = config?.Labels ?? {};
  const missing = releaseLabels.filter((name) => !labels[name]);
  if (missing.length > 0) throw new LabelsMissingError(file, missing);
  const makers = history.filter(({ empty_layer: isEmpty }) => isEmpty !== true).map(({ created_by: by = '' }) => by);
  const layers = manifest.layers.map(({ digest, size }, at) => ({ digest, bytes: size, madeBy: makers[at] ?? '' }));
  return { labels, layers };
}
