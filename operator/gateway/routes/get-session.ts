import type { KubernetesClient } from '../../kubernetes/client.ts';
import { path } from '../../resource/names.ts';
import { gatewayRoute } from '../gateway-route.ts';
import { objectView } from '../object-view.ts';
import { noQuery, session, sessionParameters } from '../schemas.ts';

/** `GET …/sessions/{name}` */
export function getSessionRoute(client: Pick<KubernetesClient, 'request'>) {
  return gatewayRoute({
    method: 'get',
    path: '/api/v1/namespaces/{namespace}/sessions/{name}',
    operationId: 'getSession',
    summary: 'Get a session',
    permission: { verb: 'get', resource: 'whatsappsessions' },
    parameters: sessionParameters,
    query: noQuery,
    answers: { 200: { description: 'The session.', content: { 'application/json': session } } },
    problems: ['NOT_FOUND'],
    handle: async ({ parameters: { namespace, name }, signal }) => ({
      status: 200,
      json: objectView(
        await client.request({ method: 'GET', path: path.session(namespace, name), signal }),
        'WhatsAppSession',
      ),
    }),
  });
}
