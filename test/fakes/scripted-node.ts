import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { isAlreadyExists } from '@berth/operator/kubernetes/errors.ts';
import { path } from '@berth/operator/resource/names.ts';

/** What the condition Ready of a node says. */
export type NodeReady = 'True' | 'False' | 'Unknown';

/** A Node object, which says what a kubelet and the node controller would say. */
export interface ScriptedNode {
  readonly name: string;
  say(ready: NodeReady): Promise<void>;
  /** Declares that the machine is shut down. */
  putOutOfService(): Promise<void>;
  /** The machine was started anew. */
  startAnew(): Promise<void>;
  remove(): Promise<void>;
}

let boots = 0;

/** Makes the Node, ready, unless it is there. */
export async function ensureScriptedNode(client: KubernetesClient, name: string): Promise<ScriptedNode> {
  const patch = (at: string, body: object) =>
    client.request({ method: 'PATCH', path: at, contentType: mergePatch, body });
  const patchStatus = (status: object) => patch(`${path.node(name)}/status`, { status });
  const node: ScriptedNode = {
    name,
    async say(ready) {
      const lastTransitionTime = new Date().toISOString();
      await patchStatus({ conditions: [{ type: 'Ready', status: ready, reason: 'Scripted', lastTransitionTime }] });
    },
    async putOutOfService() {
      const taints = [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }];
      await patch(path.node(name), { spec: { taints } });
    },
    async startAnew() {
      await patchStatus({ nodeInfo: { bootID: `boot-${++boots}` } });
    },
    async remove() {
      await client.request({ method: 'DELETE', path: path.node(name) });
    },
  };
  try {
    await client.request({
      method: 'POST',
      path: path.nodes,
      body: { apiVersion: 'v1', kind: 'Node', metadata: { name } },
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return node;
  }
  await node.startAnew();
  await node.say('True');
  return node;
}
