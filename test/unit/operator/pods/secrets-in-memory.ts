import type { ApiRequest, KubernetesClient } from '../../../../operator/kubernetes/client.ts';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';

interface StoredObject {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string; readonly annotations: object };
  readonly data: Readonly<Record<string, string>>;
}

interface Body {
  readonly metadata?: {
    readonly name?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string | null>>;
  };
  readonly stringData?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string | null>>;
}

/** An API server that knows Secrets and ConfigMaps only, for tests of who reads, creates and changes them. */
export function secretsInMemory() {
  const objects = new Map<string, StoredObject>();
  const requests: string[] = [];
  let version = 100; // Of as many digits for a while: so a comparison of them as texts would be right, too.
  const refuse = ({ method, path }: ApiRequest, status: number, reason: string) =>
    new ApiError({ method, path, status, reason, message: reason });

  function merged(before: StoredObject, { metadata = {}, data = {} }: Body): StoredObject {
    const withoutNulls = (fields: object) =>
      Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
    return {
      metadata: {
        uid: before.metadata.uid,
        resourceVersion: String(++version),
        annotations: withoutNulls({ ...before.metadata.annotations, ...metadata.annotations }),
      },
      data: withoutNulls({ ...before.data, ...data }),
    };
  }

  return {
    requests,
    objects,
    async request<T>(request: ApiRequest): Promise<T> {
      requests.push(request.method);
      const body = (request.body ?? {}) as Body;
      const at = request.method === 'POST' ? `${request.path}/${body.metadata?.name}` : request.path;
      const found = objects.get(at);
      if (request.method === 'POST') {
        if (found !== undefined) throw refuse(request, 409, 'AlreadyExists');
        const encoded = Object.entries(body.stringData ?? {}).map(([key, value]) => [
          key,
          Buffer.from(value).toString('base64'),
        ]);
        const metadata = { uid: `uid-${++version}`, resourceVersion: String(version), annotations: {} };
        objects.set(at, { metadata, data: { ...body.data, ...Object.fromEntries(encoded) } });
        return objects.get(at) as T;
      }
      if (found === undefined) throw refuse(request, 404, 'NotFound');
      if (request.method === 'DELETE') objects.delete(at);
      if (request.method !== 'PATCH') return found as T;
      const judged = body.metadata?.resourceVersion;
      if (judged !== undefined && judged !== found.metadata.resourceVersion) throw refuse(request, 409, 'Conflict');
      objects.set(at, merged(found, body));
      return objects.get(at) as T;
    },
  } satisfies Pick<KubernetesClient, 'request'> & Record<string, unknown>;
}
