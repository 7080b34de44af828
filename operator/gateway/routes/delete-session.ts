import type { KubernetesClient } from '../../kubernetes/client.ts';
import { path } from '../../resource/names.ts';
import type { Audit } from '../audit.ts';
import { gatewayRoute } from '../gateway-route.ts';
import { objectView } from '../object-view.ts';
import { noQuery, session, sessionParameters } from '../schemas.ts';

/** `DELETE …/sessions/{name}` */
export function deleteSessionRoute({
  client,
  audit,
}: {
  readonly client: Pick<KubernetesClient, 'request'>;
  readonly audit: Audit;
}) {
  return gatewayRoute({
    method: 'delete',
    path: '/api/v1/namespaces/{namespace}/sessions/{name}',
    operationId: 'deleteSession',
    summary: 'Delete a session',
    description: 'Its run ends gracefully; its credentials go or stay as spec.storage.retention says.',
    permission: { verb: 'delete', resource: 'whatsappsessions' },
    parameters: sessionParameters,
    query: noQuery,
    answers: {
      202: {
        description: 'The session as it goes; it is gone when it cannot be found.',
        content: { 'application/json': session },
      },
    },
    problems: ['NOT_FOUND'],
    async handle({ caller, parameters: { namespace, name } }) {
      const at = path.session(namespace, name);
      const before = objectView(await client.request({ method: 'GET', path: at, timeoutMs: 5_000 }), 'WhatsAppSession');
      const { uid } = before.metadata;
      // First, because an Event about what is gone reaches nobody.
      audit.asked(caller, { name: 'delete', event: 'session_deleted' }, before.metadata);
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
      const raw = await client.request<{ kind?: string }>({ method: 'DELETE', path: at, body });
      // Without a finalizer it is gone at once, and the answer a Status.
      return { status: 202, json: raw.kind === 'Status' ? before : objectView(raw, 'WhatsAppSession') };
    },
  });
}
