/** One repository of Debian packages that this machine takes its own from. */
export interface DebianSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** The keyring file it is signed by, if it names one. */
  readonly signedBy?: string;
}

/** Reads a one-line style file (`sources.list`). @see sources.list(5) */
export function parseSourcesList(text: string): DebianSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line);
    if (!match) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /signed-by=(\S+)/.exec(options)?.[1];
    return [{ uri, suite, components: words(components), ...(signedBy === undefined ? {} : { signedBy }) }];
  });
}

/** Reads a deb822 style file (`*.sources`): stanzas of fields, which may go on in indented lines. @see sources.list(5) */
export function parseDeb822(text: string): DebianSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = fieldsOf(stanza);
    if (field.get('enabled') === 'no' || !words(field.get('types')).includes('deb')) return [];
    const [signedBy] = words(field.get('signed-by'));
    const isFile = signedBy?.startsWith('/'); // A key may also stand in the stanza itself.
    return words(field.get('uris')).flatMap((uri) =>
      words(field.get('suites')).map((suite) => ({
        uri,
        suite,
        components: words(field.get('components')),
        ...(signedBy !== undefined && isFile ? { signedBy } : {}),
      })),
    );
  });
}

function fieldsOf(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of stanza.split('\n').filter((text) => !text.startsWith('#'))) {
    const [, name, value = ''] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) last = name.toLowerCase();
    fields.set(last, `${fields.get(last) ?? ''} ${name === undefined ? line : value}`.trim());
  }
  return fields;
}

const words = (text: string | undefined) => (text ?? '').split(/\s+/).filter(Boolean);

/** The sources of one Debian release: its main suite and that suite's updates and security updates. */
export function sourcesOfRelease(sources: readonly DebianSource[], codename: string): DebianSource[] {
  const suites = [codename, `${codename}-updates`, `${codename}-security`];
  return suites.flatMap((suite) => sources.filter((source) => source.suite === suite));
}
