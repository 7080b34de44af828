import type { ArchivedImage } from './image-archive.ts';

/**
 * A table of the layers of images: what a node pulls. A layer that an image before has as well is pulled once, and said so.
 * Layers of less than 1 kB, which hold a folder or nothing, are counted and not shown.
 */
export function sizeTable(images: readonly (ArchivedImage & { readonly name: string })[]): string {
  const seen = new Map<string, string>();
  const lines = images.flatMap(({ name, layers }) => {
    const shown = layers
      .filter(({ bytes }) => bytes >= 1_000)
      .map(({ digest, bytes, madeBy }) => {
        const owner = seen.get(digest);
        if (owner === undefined) seen.set(digest, name);
        return `  ${inUnits(bytes)}  ${owner === undefined ? '' : `(of ${owner}) `}${shorten(madeBy)}`;
      });
    const total = layers.reduce((sum, { bytes }) => sum + bytes, 0);
    return [`${inUnits(total)}    ${name}, ${layers.length} layers`, ...shown];
  });
  return lines.join('\n');
}

/** Bytes in 11 characters, as MiB or, of less than one, as KiB. */
export const inUnits = (bytes: number) =>
  bytes < 2 ** 20
    ? `${(bytes / 2 ** 10).toFixed(1).padStart(7)} KiB`
    : `${(bytes / 2 ** 20).toFixed(1).padStart(7)} MiB`;

/** The instruction without what the shell of the builder puts around it. */
function shorten(madeBy: string): string {
  const plain = madeBy
    .replace(/^(\|\d+ .*?)?\/bin\/sh -c (#\(nop\) )?/, '')
    .replace(/(file|multi|dir):[0-9a-f]+/g, '…');
  const line = plain.replaceAll(/\s+/g, ' ').trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
