import { mustRun } from '../cluster/command.ts';
import { firewallSets } from '../cluster/policy-enforcement.ts';

/** Lines about one Service or one pod, which come and go. */
const ofServiceOrPod = /KUBE-(SVC|SEP|EXT)-|CNI-|has no endpoints|veth/;

/**
 * All that something which acts on the network can leave on this machine, a line each: the rules of iptables, sets of
 * addresses, the kernel's settings, routes, rules of routing, and links.
 */
export async function networkTraces(): Promise<string[]> {
  const questions = [
    ['iptables-save'],
    ['ip6tables-save'],
    ['sysctl', 'net.bridge', 'net.ipv4.ip_forward', 'net.ipv4.conf.all'],
    ['ip', 'rule'],
    ['ip', 'route', 'show', 'table', 'all'],
    ['ip', '-brief', 'link'],
    ['ip', 'netns', 'list'],
  ];
  const answers = await Promise.all(questions.map(([tool = '', ...words]) => mustRun(tool, words)));
  const lines = answers
    .flatMap((answer) => answer.split('\n'))
    .filter((line) => !line.startsWith('#') && !ofServiceOrPod.test(line))
    .map((line) => line.replace(/\[\d+:\d+\]/, '')); // What was counted.
  return [...lines, ...(await firewallSets())];
}
