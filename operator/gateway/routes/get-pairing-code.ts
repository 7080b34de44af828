import { gatewayRoute } from '../gateway-route.ts';
import type { LiveCodes } from '../live-codes.ts';
import { noQuery, pairingCodePayload, sessionParameters } from '../schemas.ts';

/** `GET …/sessions/{name}/pairing-code` */
export function getPairingCodeRoute(codes: LiveCodes) {
  return gatewayRoute({
    method: 'get',
    path: '/api/v1/namespaces/{namespace}/sessions/{name}/pairing-code',
    operationId: 'getPairingCode',
    summary: 'Get the code to type in on the phone',
    description:
      'Of a session with `spec.pairing.method: PairingCode`. Fetched from the pod at each call, and kept nowhere.',
    permission: { verb: 'get', resource: 'whatsappsessions', subresource: 'pairing-code' },
    parameters: sessionParameters,
    query: noQuery,
    answers: { 200: { description: 'The code.', content: { 'application/json': pairingCodePayload } } },
    problems: ['NOT_FOUND', 'CONFLICT', 'POD_UNREACHABLE'],
    handle: async ({ parameters: { namespace, name }, signal }) => ({
      status: 200,
      json: { pairingCode: await codes.pairingCode(namespace, name, signal) },
    }),
  });
}
