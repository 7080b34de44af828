import { podApiPaths } from '@berth/protocol';
import type { Metrics } from '../../publish/metrics.ts';
import type { Route } from '../route.ts';

/** Prometheus text; it names no account and no message, so no certificate is asked for. */
export const metricsRoute = ({ metrics }: { readonly metrics: Metrics }): Route => ({
  method: 'GET',
  path: podApiPaths.metrics,
  access: 'anyone',
  async answer() {
    const { contentType, text } = await metrics.render();
    return { status: 200, raw: { contentType, content: text } };
  },
});
