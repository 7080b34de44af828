import type { TLSSocket } from 'node:tls';
import { operatorClientName } from '@berth/protocol';
import type { Answer } from './problem.ts';
import { problem } from './problem.ts';

/** Refuses everyone but the operator: its certificate is signed by the CA at hand and carries its name. */
export function refuseStranger(socket: TLSSocket): Answer | undefined {
  if (!socket.authorized) {
    const detail =
      "Cannot serve this path: no client certificate of the operator's CA was shown; ask the operator instead";
    return problem(401, 'CLIENT_CERTIFICATE_NEEDED', 'Client certificate needed', detail);
  }
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  if (name === operatorClientName) return undefined;
  const detail = `Cannot serve this path: the client certificate is not that of "${operatorClientName}"; use that one`;
  return problem(403, 'NOT_THE_OPERATOR', 'Not the operator', detail);
}
