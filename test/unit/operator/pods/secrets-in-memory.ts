import type { ApiRequest, KubernetesClient } from '../../../../operator/kubernetes/client.ts';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';

/** An API server that knows Secrets only, for tests of who reads and who creates them. */
export function secretsInMemory(): Pick<KubernetesClient, 'request'> & { readonly requests: string[] } {
  const secrets = new Map<string, { data: Record<string, string> }>();
  const requests: string[] = [];
  const refuse = ({ method, path }: ApiRequest, status: number, reason: string) =>
    new ApiError({ method, path, status, reason, message: reason });
  return {
    requests,
    async request<T>(request: ApiRequest): Promise<T> {
      requests.push(request.method);
      if (request.method === 'GET') {
        const found = secrets.get(request.path);
        if (found === undefined) throw refuse(request, 404, 'NotFound');
        return found as T;
      }
      const body = request.body as { metadata: { name: string }; stringData: Record<string, string> };
      const at = `${request.path}/${body.metadata.name}`;
      if (secrets.has(at)) throw refuse(request, 409, 'AlreadyExists');
      const encoded = Object.entries(body.stringData).map(([key, value]) => [
        key,
        Buffer.from(value).toString('base64'),
      ]);
      secrets.set(at, { data: Object.fromEntries(encoded) });
      return secrets.get(at) as T;
    },
  };
}
