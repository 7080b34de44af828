import { existsSync } from 'node:fs';
import { readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun, run } from './command.ts';
import { listenScript } from './listen-script.ts';
import { bridge } from './network.ts';
import { processesIn } from './processes.ts';
import { waitUntil } from './wait-until.ts';

const name = 'outside-host';
const link = 'berth-outside';
/** The node's own address on that link: packets of pods leave with it. One of those that are kept for documentation. */
const nodeAddress = '198.51.100.254/32';
/**
 * Number of the routes, and place of the rules that lead to them: before the machine's own, the last of which leads everywhere.
 */
const table = '4253';
/** Lies in the cluster's folder from before the first rule until after the last. */
const marker = (dir: string) => join(dir, 'has-outside-host');

/**
 * Starts a host beyond the node that listens on one port of all these addresses, so that pods of the bare cluster find
 * somebody on the internet, in the networks around them and at a cloud's metadata service without any of the three.
 * It is a process in a network of its own, and with the process its network goes. Only what comes from pods is led there:
 * for the machine itself the addresses stay what they were. Whoever does this must call `stopOutsideHost`, whatever happens.
 * @param addresses IPv4 addresses
 */
export async function startOutsideHost(dir: string, addresses: readonly string[], port: number): Promise<void> {
  await stopOutsideHost(dir);
  await writeFile(marker(dir), '');
  const processes = processesIn(dir);
  await processes.start(name, 'unshare', ['--net', '--', process.execPath, '--eval', listenScript(port)]);
  const pid = await processes.pid(name);
  await waitUntil('host with a network of its own', 5_000, async () => {
    await processes.mustRun(name);
    const seen = await readlink(`/proc/${pid}/ns/net`);
    return seen === (await readlink('/proc/self/ns/net')) ? { seen } : { value: undefined };
  });
  const inside = (...words: string[]) => mustRun('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', ...words]);
  await mustRun('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', link, 'netns', String(pid)]);
  await mustRun('ip', ['addr', 'add', nodeAddress, 'dev', link]);
  await mustRun('ip', ['link', 'set', link, 'up']);
  // Answers come from addresses that the machine's own routes do not lead to this link for.
  await writeFile(`/proc/sys/net/ipv4/conf/${link}/rp_filter`, '2');
  for (const address of addresses) await inside('addr', 'add', `${address}/32`, 'dev', link);
  await inside('link', 'set', link, 'up');
  await inside('route', 'add', nodeAddress, 'dev', link, 'scope', 'link');
  for (const address of addresses) {
    await mustRun('ip', ['route', 'add', `${address}/32`, 'dev', link, 'table', table]);
    await mustRun('ip', ['rule', 'add', 'pref', table, 'iif', bridge.name, 'to', `${address}/32`, 'lookup', table]);
  }
}

/** Ends that host with its network and the ways to it, also that of a run that was killed. */
export async function stopOutsideHost(dir: string): Promise<void> {
  if (!existsSync(marker(dir))) return;
  await processesIn(dir).stop([name], 1000);
  // The kernel takes the link away by itself, some time after the process; the next host's has the same name.
  if ((await run('ip', ['link', 'show', link])).status === 0) await run('ip', ['link', 'delete', link]);
  while ((await run('ip', ['rule', 'delete', 'pref', table])).status === 0);
  await rm(marker(dir), { force: true });
}
