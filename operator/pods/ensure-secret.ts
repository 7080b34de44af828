import type { KubernetesClient } from '../kubernetes/client.ts';
import { isAlreadyExists, isNotFound } from '../kubernetes/errors.ts';
import { managedByLabel, managedByValue, path } from '../resource/names.ts';

/** The decoded values of a Secret. */
export type SecretData = Readonly<Record<string, Uint8Array>>;

/**
 * Reads one Secret by its name; undefined when there is none.
 * @throws {ApiError}
 */
export async function readSecret(
  client: Pick<KubernetesClient, 'request'>,
  { namespace, name, signal }: { readonly namespace: string; readonly name: string; readonly signal?: AbortSignal },
): Promise<SecretData | undefined> {
  try {
    const { data = {} } = await client.request<{ data?: Record<string, string> }>({
      method: 'GET',
      path: path.secret(namespace, name),
      ...(signal === undefined ? {} : { signal }),
    });
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Reads a Secret, or makes it of what `make` gives. Where several replicas do so at once, all get what the first wrote.
 * @throws {ApiError}
 */
export async function ensureSecret(
  client: KubernetesClient,
  at: { readonly namespace: string; readonly name: string },
  make: () => Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>,
): Promise<SecretData> {
  const found = await readSecret(client, at);
  if (found !== undefined) return found;
  try {
    const body = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...at, labels: { [managedByLabel]: managedByValue } },
      type: 'Opaque',
      stringData: await make(),
    };
    await client.request({ method: 'POST', path: path.secrets(at.namespace), body });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  // Read, although it was just written: whoever came first, this is what the others see.
  return (await readSecret(client, at)) ?? {};
}
