import { mustRun } from '../cluster/command.ts';
import { kubectl } from './kubectl.ts';

/** Where connections are opened from: a container that has Node, as `kubectl exec` names it. */
export interface Source {
  readonly namespace: string;
  /** For instance `pod/one` or `deployment/berth-operator`. */
  readonly pod: string;
  /** Its first unless told. */
  readonly container?: string;
}

/**
 * What became of a connection, by the name of whom it went to: "connected"; "refused", also where nothing answered within
 * 2 s; or another error's code, for instance "ENOTFOUND".
 */
export type Answers = Readonly<Record<string, string>>;

/** Opens a TCP connection to each of these, given as host:port, at the same time. Names are resolved there. */
export async function connectFrom(source: Source, targets: Readonly<Record<string, string>>): Promise<Answers> {
  const { namespace, pod, container } = source;
  const place = ['--namespace', namespace, 'exec', pod, ...(container === undefined ? [] : ['--container', container])];
  const words = [...place, '--', 'node', '--eval', script, JSON.stringify(targets)];
  return JSON.parse(await kubectl(words, { timeoutMs: 30_000 })) as Answers;
}

/** The same from the node itself, as the kubelet's probes come. */
export async function connectFromNode(targets: Readonly<Record<string, string>>): Promise<Answers> {
  return JSON.parse(await mustRun(process.execPath, ['--eval', script, JSON.stringify(targets)])) as Answers;
}

/** The address of a pod. */
export async function podAddress(namespace: string, name: string): Promise<string> {
  return kubectl(['--namespace', namespace, 'get', 'pod', name, '--output=jsonpath={.status.podIP}']);
}

const script = `
const { connect } = require('node:net');
const targets = Object.entries(JSON.parse(process.argv[1]));
const answer = ([name, target]) => new Promise((resolve) => {
  const [host, port] = target.split(':');
  const socket = connect({ host, port: Number(port) });
  const end = (seen) => { clearTimeout(timer); socket.destroy(); resolve([name, seen]); };
  const timer = setTimeout(() => end('refused'), 2000);
  socket.on('connect', () => end('connected'));
  socket.on('error', ({ code }) => end(code === 'ECONNREFUSED' ? 'refused' : code));
});
Promise.all(targets.map(answer)).then((all) => console.log(JSON.stringify(Object.fromEntries(all))));`;
