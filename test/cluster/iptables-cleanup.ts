/**
 * From the output of `iptables-save`, the input of `iptables-restore --noflush` that removes the chains that kube-proxy
 * and the kubelet made (`KUBE-`) and those that CNI made for one network, and nothing else; empty if there are none.
 */
export function cleanupRules(saved: string, networkName: string): string {
  return saved
    .split(/^(?=\*)/m)
    .map((table) => cleanupOfTable(table, networkName))
    .filter((rules) => rules !== '')
    .join('');
}

function cleanupOfTable(table: string, networkName: string): string {
  const lines = table.split('\n');
  const [heading] = lines;
  if (heading === undefined || !heading.startsWith('*')) return '';
  const comment = `name: \\"${networkName}\\"`;
  const cniChains = lines.filter((line) => line.includes(comment)).map((line) => / -j (CNI-\S+)/.exec(line)?.[1]);
  const ours = lines
    .map((line) => /^:(\S+)/.exec(line)?.[1])
    .filter((chain) => chain !== undefined)
    .filter((chain) => chain.startsWith('KUBE-') || cniChains.includes(chain));
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
