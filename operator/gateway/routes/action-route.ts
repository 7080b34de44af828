import type { Action } from '../actions/action.ts';
import { gatewayRoute } from '../gateway-route.ts';
import type { PerformAction } from '../perform-action.ts';
import { outcome, sessionParameters, waitQuery } from '../schemas.ts';

/** The route of one action: `POST …/sessions/{name}/<action>`. */
export function actionRoute<const Words extends readonly [string, ...string[]]>(
  performAction: PerformAction,
  action: Action<Words[number]>,
  {
    words,
    summary,
    description,
    done,
    underWay,
  }: {
    readonly words: Words;
    readonly summary: string;
    readonly description: string;
    /** What 200 means. */
    readonly done: string;
    /** What 202 means. */
    readonly underWay: string;
  },
) {
  const { name } = action;
  const content = { 'application/json': outcome(`${pascal(name)}Outcome`, words) };
  return gatewayRoute({
    method: 'post',
    path: `/api/v1/namespaces/{namespace}/sessions/{name}/${name}`,
    operationId: `${camel(name)}Session`,
    summary,
    description,
    permission: { verb: 'create', resource: 'whatsappsessions', subresource: name },
    parameters: sessionParameters,
    query: waitQuery,
    answers: { 200: { description: done, content }, 202: { description: underWay, content } },
    problems: ['NOT_FOUND', 'CONFLICT'],
    async handle({ caller, parameters, query, signal }) {
      const asked = { action, caller, ...parameters, waitMs: query.waitSeconds * 1000, signal };
      const { verdict, end, session } = await performAction(asked);
      const { outcome: became, status, message } = verdict;
      return { status, json: { outcome: became, message, end, session } };
    },
  });
}

const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const pascal = (name: string) => camel(name).replace(/^\w/, (letter) => letter.toUpperCase());
