import type { z } from 'zod';
import {
  createDocument as openApiDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi';
import type { AnyGatewayRoute } from './gateway-route.ts';
import { gatewayAudience } from './identify-caller.ts';
import { type ProblemCode, statusOfProblem } from './problem-error.ts';
import { problem } from './schemas.ts';

/** What any route may answer. */
const everywhere: readonly ProblemCode[] = [
  'REQUEST_INVALID',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'INTERNAL',
  'UNAVAILABLE',
];

/** Describes the routes as OpenAPI 3.1, from what they check requests with. */
export function createDocument(routes: readonly AnyGatewayRoute[]) {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operation(route);
  return openApiDocument({
    openapi: '3.1.0',
    info: {
      title: 'Berth',
      version: 'v1',
      description: 'Looks after WhatsApp sessions without kubectl: who may do what is plain RBAC.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: `A token of Kubernetes for the audience \`${gatewayAudience}\`, as \`kubectl create token --audience=${gatewayAudience}\` gives it.`,
        },
      },
    },
    paths: paths as ZodOpenApiPathsObject,
  });
}

function operation({
  operationId,
  summary,
  description,
  permission,
  parameters,
  query,
  body,
  answers,
  problems,
}: AnyGatewayRoute) {
  const { verb, resource, subresource } = permission;
  const needed = `Needs \`${verb}\` on \`${subresource === undefined ? resource : `${resource}/${subresource}`}\`.`;
  const byStatus = Map.groupBy([...everywhere, ...problems], statusOfProblem);
  return {
    operationId,
    summary,
    description: description === undefined ? needed : `${description} ${needed}`,
    requestParams: { path: parameters as z.ZodObject, query: query as z.ZodObject },
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, form]) => [
          status,
          {
            description: form.description,
            content: Object.fromEntries(Object.entries(form.content).map(([type, schema]) => [type, { schema }])),
          },
        ]),
      ),
      ...Object.fromEntries(
        [...byStatus].map(([status, codes]) => [
          String(status),
          { description: codes.join(', '), content: { 'application/problem+json': { schema: problem } } },
        ]),
      ),
    },
  } satisfies ZodOpenApiOperationObject;
}
