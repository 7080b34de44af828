import { ensureBinaries } from '../cluster/binaries.ts';
import { type CommandOptions, type CommandResult, mustRun, run } from '../cluster/command.ts';
import { kubeconfigPath } from '../cluster/paths.ts';

type Tool = 'kubectl' | 'helm';

let tools: Promise<Record<Tool, string>> | undefined;

/** The tools that the bare cluster was built with, so that none has to be installed. */
async function pathOf(tool: Tool): Promise<string> {
  tools ??= ensureBinaries(['kubectl', 'helm']);
  return (await tools)[tool];
}

const onTheCluster = (options: CommandOptions): CommandOptions => ({
  ...options,
  env: { KUBECONFIG: kubeconfigPath, ...options.env },
});

/**
 * Runs kubectl on the development cluster and gives what it printed.
 * @throws {CommandError} it did not exit with 0; the message has what it said
 */
export async function kubectl(words: readonly string[], options: CommandOptions = {}): Promise<string> {
  return mustRun(await pathOf('kubectl'), words, onTheCluster(options));
}

/** Runs kubectl where a refusal is an answer too. */
export async function tryKubectl(words: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return run(await pathOf('kubectl'), words, onTheCluster(options));
}

/** Applies objects as a person does, by `kubectl apply -f`. */
export function applyManifest(manifest: object): Promise<string> {
  return kubectl(['apply', '--filename', '-'], { input: JSON.stringify(manifest) });
}

/** Runs helm on the development cluster. */
export async function helm(words: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return run(await pathOf('helm'), words, onTheCluster(options));
}
