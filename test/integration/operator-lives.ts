import type { KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { path } from '@berth/operator/resource/names.ts';
import { type FaultProxy, isWrite, type ProxiedRequest, type RequestMatcher } from './fault-proxy.ts';
import { type OperatorProcess, sessionImages, startOperatorProcess } from './operator-process.ts';

/** One operator after the other, each of another version: its session image differs. */
export interface OperatorLives {
  readonly current: OperatorProcess;
  /** How many there were. */
  readonly count: number;
  /** Ends the present one like a lost node, if it still lives, and starts the next. */
  next(): Promise<OperatorProcess>;
  /**
   * Kills the present one at the n-th request that matches. `before`: the API server never sees it; `after`: the API
   * server has done it, and the operator never hears of that.
   */
  killAt(matches: RequestMatcher, nth: number, when: 'before' | 'after'): Shot;
  end(): Promise<void>;
}

/** A kill that waits for its moment. */
export interface Shot {
  readonly hit: boolean;
  /** Settles when the operator is dead. */
  readonly fired: Promise<void>;
  disarm(): void;
}

const restartsAtMost = 20;

/** Starts the first. */
export async function startOperatorLives(options: {
  readonly proxy: FaultProxy;
  /** Past the proxy. */
  readonly client: KubernetesClient;
  readonly config?: Record<string, unknown>;
}): Promise<OperatorLives> {
  const { proxy, client, config = {} } = options;
  let [count, restarts] = [0, 0];
  const start = (waitUntilReady: boolean) =>
    startOperatorProcess({
      kubeconfig: proxy.kubeconfigPath,
      waitUntilReady,
      config: { ...config, session: { images: sessionImages(`v${++count}`) } },
    });
  let current = await start(true);
  void restartAfter(current);

  /** One that ends by itself is started again, as its pod would be: the API server of a busy machine may be slow. */
  async function restartAfter(operator: OperatorProcess): Promise<void> {
    await operator.exited;
    if (operator !== current || operator.child.signalCode !== null || restarts++ > restartsAtMost) return;
    current = await start(false);
    void restartAfter(current);
  }

  /** A dead leader's Lease would be waited for; the tests are about what the next one does, not when. */
  async function forgetLease(): Promise<void> {
    try {
      await client.request({ method: 'DELETE', path: path.lease('default', 'berth-operator') });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return {
    get current() {
      return current;
    },
    get count() {
      return count;
    },
    async next() {
      await current.kill();
      await forgetLease();
      current = await start(false);
      void restartAfter(current);
      return current;
    },
    killAt(matches, nth, when) {
      const { promise: fired, resolve } = Promise.withResolvers<void>();
      let [seen, hit] = [0, false];
      async function strike(request: ProxiedRequest): Promise<void | 'cut'> {
        if (hit || !matches(request) || ++seen !== nth) return undefined;
        hit = true;
        await current.kill();
        resolve();
        return 'cut';
      }
      const after = async (request: ProxiedRequest) => void (await strike(request));
      const disarm = proxy.onRequest(when === 'before' ? { before: strike } : { after });
      return {
        get hit() {
          return hit;
        },
        fired,
        disarm,
      };
    },
    end: () => current.kill(),
  };
}

/** The operator's writes about one session: all but Events and the Lease. */
export function writesAbout(name: string): RequestMatcher {
  const named = new RegExp(`\\b${name}\\b`);
  return (request) =>
    isWrite(request) && !/\/(events|leases)(\/|$)/.test(request.path) && named.test(`${request.path} ${request.body}`);
}
