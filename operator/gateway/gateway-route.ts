import type { ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { TokenUser } from '../api/review-token.ts';
import type { Permission } from './authorize.ts';
import type { ProblemCode } from './problem-error.ts';

/** One form of a good answer. */
export interface AnswerForm {
  readonly description: string;
  /** By media type: what it is made of; JSON only unless told. */
  readonly content: Readonly<Record<string, z.ZodType>>;
}

/** One path and method of the gateway: what it takes and gives, and who may. The OpenAPI document is made of these. */
export interface GatewayRoute<Parameters extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: 'get' | 'post' | 'delete';
  /** Parameters in braces, as OpenAPI has them. */
  readonly path: string;
  /** For a client's generator: unique, a verb first. */
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly permission: Permission;
  readonly parameters: Parameters;
  readonly query: Query;
  /** Without it a body is refused. */
  readonly body?: Body;
  readonly answers: Readonly<Record<number, AnswerForm>>;
  /** Beside those of every route. */
  readonly problems: readonly ProblemCode[];
  /** @throws {ProblemError} and whatever the API server refuses */
  readonly handle: (call: Call<z.output<Parameters>, z.output<Query>, z.output<Body>>) => Promise<GatewayAnswer>;
}

/** A request that has been let in, and whose parts are as the route wants them. */
export interface Call<Parameters, Query, Body> {
  readonly caller: TokenUser;
  readonly parameters: Parameters;
  readonly query: Query;
  readonly body: Body;
  /** The media types that the client would take, the best first; "*" at least. */
  readonly accepts: (types: readonly string[]) => string | undefined;
  /** Aborted when the client has gone or the gateway closes. */
  readonly signal: AbortSignal;
}

/** JSON, bytes of some other type, or a stream of events. */
export type GatewayAnswer =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly contentType: string; readonly bytes: Buffer | string }
  | { readonly stream: (response: ServerResponse) => Promise<void> };

/** Whichever its types: what a list of routes holds. */
export type AnyGatewayRoute = GatewayRoute<z.ZodType, z.ZodType, z.ZodType>;

/** Keeps the types of a route's parts for its own handler, and forgets them for the list. */
export function gatewayRoute<
  Parameters extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType = z.ZodUndefined,
>(route: GatewayRoute<Parameters, Query, Body>): AnyGatewayRoute {
  return route as unknown as AnyGatewayRoute;
}
