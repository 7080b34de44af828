import type { KubernetesClient } from '../../kubernetes/client.ts';
import { path, sessionLabel } from '../../resource/names.ts';
import { gatewayRoute } from '../gateway-route.ts';
import { readPage } from '../read-page.ts';
import { pageQuery, sessionEndPage, sessionParameters } from '../schemas.ts';

/** `GET …/sessions/{name}/ends` */
export function listEndsRoute(client: Pick<KubernetesClient, 'request'>) {
  return gatewayRoute({
    method: 'get',
    path: '/api/v1/namespaces/{namespace}/sessions/{name}/ends',
    operationId: 'listEnds',
    summary: 'List the ends of the runs of a session',
    description:
      'Also of a session that is gone, as long as its records are kept: a day after delivery, a week where nobody took them.',
    permission: { verb: 'list', resource: 'sessionends' },
    parameters: sessionParameters,
    query: pageQuery,
    answers: { 200: { description: 'A page of records, by name.', content: { 'application/json': sessionEndPage } } },
    problems: [],
    handle: async ({ parameters: { namespace, name }, query, signal }) => ({
      status: 200,
      json: await readPage(client, {
        path: path.sessionEnds(namespace),
        kind: 'SessionEnd',
        labelSelector: `${sessionLabel}=${name}`,
        ...query,
        signal,
      }),
    }),
  });
}
