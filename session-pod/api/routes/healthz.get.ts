import { podApiPaths } from '@berth/protocol';
import type { Route } from '../route.ts';

/** 200 as soon as the process serves. */
export const healthzRoute = (): Route => ({
  method: 'GET',
  path: podApiPaths.healthz,
  access: 'anyone',
  answer: () => ({ status: 200 }),
});
