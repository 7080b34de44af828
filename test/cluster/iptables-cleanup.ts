/**
 * From the output of `iptables-save`, the input of `iptables-restore --noflush` that removes the chains that kube-proxy,
 * kube-router and the kubelet made (`KUBE-`) and those that CNI made for one network, and nothing else; empty if there are
 * none.
 */
export function cleanupRules(saved: string, networkName: string): string {
  return cleanup(saved, (lines) => {
    const comment = `name: \\"${networkName}\\"`;
    const cniChains = lines.filter((line) => line.includes(comment)).map((line) => / -j (CNI-\S+)/.exec(line)?.[1]);
    return (chain) => chain.startsWith('KUBE-') || cniChains.includes(chain);
  });
}

/** The same for the chains of kube-router's firewall alone: those of kube-proxy, which goes on, stay. */
export function firewallCleanupRules(saved: string): string {
  return cleanup(saved, () => (chain) => /^KUBE-(ROUTER|POD-FW|NWPLCY)-/.test(chain));
}

/** Tells for the lines of one table which of its chains are to go. */
type Choice = (lines: readonly string[]) => (chain: string) => boolean;

function cleanup(saved: string, choose: Choice): string {
  return saved
    .split(/^(?=\*)/m)
    .map((table) => cleanupOfTable(table.split('\n'), choose))
    .filter((rules) => rules !== '')
    .join('');
}

function cleanupOfTable(lines: readonly string[], choose: Choice): string {
  const [heading] = lines;
  if (heading === undefined || !heading.startsWith('*')) return '';
  const isOurs = choose(lines);
  const ours = lines
    .map((line) => /^:(\S+)/.exec(line)?.[1])
    .filter((chain) => chain !== undefined)
    .filter(isOurs);
  if (ours.length === 0) return '';
  const jumps = lines.filter((line) => {
    const [, chain = '', target = ''] = /^-A (\S+) .*-j (\S+)/.exec(line) ?? [];
    return ours.includes(target) && !ours.includes(chain);
  });
  return [
    heading,
    ...ours.map((chain) => `:${chain} - [0:0]`), // Naming a chain empties it.
    ...jumps.map((line) => line.replace('-A', '-D')),
    ...ours.map((chain) => `-X ${chain}`),
    'COMMIT',
    '',
  ].join('\n');
}
