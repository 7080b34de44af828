import { z } from 'zod';
import { sessionKey } from '../../resource/names.ts';
import type { CodeFeed } from '../code-feed.ts';
import type { EventStreams } from '../event-stream.ts';
import { gatewayRoute } from '../gateway-route.ts';
import type { LiveCodes } from '../live-codes.ts';
import { ProblemError } from '../problem-error.ts';
import { qrPng, qrSvg, qrText } from '../qr-image.ts';
import { noQuery, qrPayload, sessionParameters } from '../schemas.ts';

/** The first is what a client gets that has no wish. */
const forms = ['text/plain', 'application/json', 'image/svg+xml', 'image/png', 'text/event-stream'] as const;

/** `GET …/sessions/{name}/qr` */
export function getQrRoute({
  codes,
  feed,
  streams,
}: {
  readonly codes: LiveCodes;
  readonly feed: CodeFeed;
  readonly streams: EventStreams;
}) {
  return gatewayRoute({
    method: 'get',
    path: '/api/v1/namespaces/{namespace}/sessions/{name}/qr',
    operationId: 'getQr',
    summary: 'Get the QR code to scan',
    description:
      'Fetched from the pod at each call, and kept nowhere. Whoever scans it links a phone. A stream renews it (`code`), and ends when a phone is linked (`linked`).',
    permission: { verb: 'get', resource: 'whatsappsessions', subresource: 'qr' },
    parameters: sessionParameters,
    query: noQuery,
    answers: {
      200: {
        description: 'The code, in the form that the client accepts.',
        content: {
          'text/plain': z.string().meta({ description: 'Drawn for a terminal.' }),
          'application/json': qrPayload,
          'image/svg+xml': z.string(),
          'image/png': z.string().meta({ format: 'binary' }),
          'text/event-stream': z.string().meta({ description: 'Events `code`, `waiting`, `linked` and `gone`.' }),
        },
      },
    },
    problems: ['NOT_FOUND', 'NOT_ACCEPTABLE', 'CONFLICT', 'TOO_MANY', 'POD_UNREACHABLE'],
    async handle({ caller, parameters: { namespace, name }, accepts, signal }) {
      const form = accepts(forms);
      if (form === undefined)
        throw new ProblemError(
          'NOT_ACCEPTABLE',
          `Cannot show the QR code in the form that "accept" asks for; use one of ${forms.join(', ')}`,
        );
      if (form === 'text/event-stream')
        return streams.open(caller, signal, (stream) => feed.join(sessionKey(namespace, name), stream));
      const qr = await codes.qr(namespace, name, signal);
      if (form === 'application/json') return { status: 200, json: { qr } };
      if (form === 'image/png') return { status: 200, contentType: form, bytes: qrPng(qr) };
      return { status: 200, contentType: form, bytes: form === 'image/svg+xml' ? qrSvg(qr) : qrText(qr) };
    },
  });
}
