/**
 * The first row of a table that kubectl printed, by the heads of its columns. Columns stand three spaces apart, or more, and
 * begin below their heads; a cell that is empty is an empty text.
 */
export function rowOf(table: string): Record<string, string> {
  const [head = '', row = ''] = table.split('\n');
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map(({ 0: name, index }) => ({ name, index }));
  return Object.fromEntries(
    columns.map(({ name, index }, at) => [name, row.slice(index, columns[at + 1]?.index).trim()]),
  );
}

/** The Events at the end of what `kubectl describe` printed, in its order, each as `<type> <reason>`. */
export function eventsTold(described: string): string[] {
  const [, events = ''] = described.split(/^Events:$/m);
  return [...events.matchAll(/^  (Normal|Warning) +(\S+)/gm)].map(([, type, reason]) => `${type} ${reason}`);
}
