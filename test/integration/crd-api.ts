import { type AdminApi, AdminApiError, adminApi } from '../cluster/admin-api.ts';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';

/** An object as it is sent and stored. */
export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [field: string]: unknown };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}

/** Requests on one kind of resource, in a namespace of the test's own. */
export interface CrdApi {
  readonly api: AdminApi;
  readonly server: TestApiServer;
  /** Stores it, or with `dryRun` only judges it. */
  create(object: Resource, options?: { dryRun?: boolean }): Promise<Resource>;
  /** Only judges a change of a stored object. */
  judgeChange(object: Resource): Promise<Resource>;
  /** Only judges a status of a stored object. */
  judgeStatus(object: Resource): Promise<Resource>;
  readonly path: string;
  stop(): Promise<void>;
}

/** Starts an API server and waits until it serves the kind. */
export async function startCrdApi(plural: string): Promise<CrdApi> {
  const server = await startApiServer();
  const api = await adminApi(server.kubeconfigPath);
  const path = `/apis/berth.dev/v1alpha1/namespaces/default/${plural}`;
  // A definition is established a moment before its handler is there.
  await waitUntil(`served "${plural}"`, 20_000, async () => {
    try {
      return { value: await api.request('GET', path) };
    } catch (error) {
      return { seen: error instanceof Error ? error.message : String(error) };
    }
  });
  const send = async (method: string, at: string, object: Resource) =>
    (await api.request(method, `${at}fieldValidation=Strict`, object)) as unknown as Resource;
  return {
    api,
    server,
    path,
    create: (object, { dryRun = false } = {}) => send('POST', `${path}?${dryRun ? 'dryRun=All&' : ''}`, object),
    judgeChange: (object) => send('PUT', `${path}/${object.metadata.name}?dryRun=All&`, object),
    judgeStatus: (object) => send('PUT', `${path}/${object.metadata.name}/status?dryRun=All&`, object),
    stop: async () => {
      await api.close();
      await server.stop();
    },
  };
}

/** The API server's words when it refuses; fails when it does not. */
export async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof AdminApiError && error.status >= 400 && error.status < 500) return error.message;
    throw error;
  }
  throw new RangeError('Cannot read a refusal: the API server accepted it');
}
