/**
 * The pod's own API, over TLS on `podApiPort`. All paths but the probes and the metrics ask for a client certificate
 * signed by the CA in the ConfigMap `berth-ca` with the common name `operatorClientName`.
 */
export const podApiPort = 8443;
export const operatorClientName = 'berth-operator';
export const podApiPaths = {
  /** GET, no certificate: 200 while the session is ready and its engine answers; 503 with a JSON body that says why not. */
  readyz: '/readyz',
  /** GET, no certificate: 200 as soon as the process serves. */
  healthz: '/healthz',
  /** GET: 200 {"qr": "..."} while a person is needed, else 404 with a problem. */
  qr: '/v1/qr',
  /** POST {"to": "<phone or jid>", "text": "..."}: 200 {"id": "..."}; 409 when not ready. */
  messages: '/v1/messages',
  /** POST StopRequest: 202 {}; the process then ends by itself before the deadline. Asking twice is fine. */
  stop: '/v1/stop',
  /** GET, no certificate: Prometheus text. */
  metrics: '/metrics',
} as const;

/** Body of `POST /v1/stop`. */
export interface StopRequest {
  /** Milliseconds the pod has from now to flush and exit. */
  readonly withinMs: number;
  /** Unlink the device first, if WhatsApp can be reached; whatever becomes of that, the process ends in time. */
  readonly logout?: boolean;
}
