import { z } from 'zod';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { path } from '../../resource/names.ts';
import { gatewayRoute } from '../gateway-route.ts';
import { readPage } from '../read-page.ts';
import { namespaceParameters, pageQuery, sessionPage } from '../schemas.ts';

const answers = {
  200: { description: 'A page of sessions, by namespace and name.', content: { 'application/json': sessionPage } },
};
const permission = { verb: 'list', resource: 'whatsappsessions' } as const;

/** `GET …/sessions`: those of one namespace, and those of all. */
export function listSessionsRoutes(client: Pick<KubernetesClient, 'request'>) {
  return [
    gatewayRoute({
      method: 'get',
      path: '/api/v1/sessions',
      operationId: 'listAllSessions',
      summary: 'List the sessions of all namespaces',
      permission,
      parameters: z.strictObject({}),
      query: pageQuery,
      answers,
      problems: [],
      handle: async ({ query, signal }) => ({
        status: 200,
        json: await readPage(client, { path: path.sessions(), kind: 'WhatsAppSession', ...query, signal }),
      }),
    }),
    gatewayRoute({
      method: 'get',
      path: '/api/v1/namespaces/{namespace}/sessions',
      operationId: 'listSessions',
      summary: 'List the sessions of a namespace',
      permission,
      parameters: namespaceParameters,
      query: pageQuery,
      answers,
      problems: [],
      handle: async ({ parameters: { namespace }, query, signal }) => ({
        status: 200,
        json: await readPage(client, { path: path.sessions(namespace), kind: 'WhatsAppSession', ...query, signal }),
      }),
    }),
  ];
}
