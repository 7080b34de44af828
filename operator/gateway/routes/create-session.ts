import type { KubernetesClient } from '../../kubernetes/client.ts';
import { apiVersion, path } from '../../resource/names.ts';
import type { Audit } from '../audit.ts';
import { gatewayRoute } from '../gateway-route.ts';
import { objectView } from '../object-view.ts';
import { namespaceParameters, newSession, noQuery, session } from '../schemas.ts';

/** `POST …/sessions` */
export function createSessionRoute({
  client,
  audit,
}: {
  readonly client: Pick<KubernetesClient, 'request'>;
  readonly audit: Audit;
}) {
  return gatewayRoute({
    method: 'post',
    path: '/api/v1/namespaces/{namespace}/sessions',
    operationId: 'createSession',
    summary: 'Create a session',
    description: 'Fields of the spec that Berth does not know are refused.',
    permission: { verb: 'create', resource: 'whatsappsessions' },
    parameters: namespaceParameters,
    query: noQuery,
    body: newSession,
    answers: { 201: { description: 'The session, which starts now.', content: { 'application/json': session } } },
    problems: ['CONFLICT', 'BODY_TOO_LARGE', 'BODY_OF_WRONG_TYPE', 'SPEC_INVALID', 'NOT_FOUND'],
    async handle({ caller, parameters: { namespace }, body: { spec, ...metadata } }) {
      const raw = await client.request({
        method: 'POST',
        path: path.sessions(namespace),
        query: { fieldValidation: 'Strict' },
        body: { apiVersion, kind: 'WhatsAppSession', metadata: { ...metadata, namespace }, spec },
      });
      const created = objectView(raw, 'WhatsAppSession');
      audit.asked(caller, { name: 'create', event: 'session_created' }, created.metadata);
      return { status: 201, json: created };
    },
  });
}
