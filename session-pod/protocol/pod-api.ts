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
  /** GET: 200 {"qr": "..."} while a person is needed to scan it, else 404 with a problem. */
  qr: '/v1/qr',
  /** GET: 200 {"pairingCode": "..."} while a person is needed to enter it, else 404 with a problem. */
  pairingCode: '/v1/pairing-code',
  /**
   * POST {"to": "<phone or jid>", "text": "..."}, and for a file `media` beside it, with the text as its caption: 200
   * {"id": "..."}; 409 when not ready, 422 when the recipient is not on WhatsApp, 429 while another file is under way, 504 when
   * nobody knows whether it was sent.
   * GET, `?since=<sequence>`: 200 {"messages": [...]}, the last ones that arrived.
   */
  messages: '/v1/messages',
  /** GET `?sequence=<of a message>`: 200 with the bytes of its file; 404, 429 as above, 502 when WhatsApp does not give it. */
  media: '/v1/media',
  /** GET, `?since=<sequence>`: 200 {"acks": [...]}, what became of the last messages that were sent. */
  acks: '/v1/acks',
  /** POST StopRequest: 202 {}; the process then ends by itself before the deadline. Asking twice is fine. */
  stop: '/v1/stop',
  /** GET, no certificate: Prometheus text. */
  metrics: '/metrics',
} as const;

/** The largest file that is sent or read, in bytes: 16 MiB. In JSON it travels as base64, which is a third longer. */
export const maxMediaBytes = 16 * 1_024 * 1_024;
/** Characters of that in base64. */
export const maxMediaBase64Length = Math.ceil(maxMediaBytes / 3) * 4;

/** Body of `POST /v1/messages`. */
export interface SendRequest {
  readonly to: string;
  /** With `media` its caption, which may be left out. */
  readonly text?: string;
  readonly media?: {
    /** For instance `image/png`. */
    readonly mimetype: string;
    readonly fileName?: string;
    /** The content, in base64. */
    readonly data: string;
  };
}

/** Body of `POST /v1/stop`. */
export interface StopRequest {
  /** Milliseconds the pod has from now to flush and exit. */
  readonly withinMs: number;
  /** Unlink the device first, if WhatsApp can be reached; whatever becomes of that, the process ends in time. */
  readonly logout?: boolean;
}
