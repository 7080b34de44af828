import { podApiPaths } from '@berth/protocol';
import { problem } from '../problem.ts';
import type { Route } from '../route.ts';

/** The code to enter on the phone. It gives access to an account: never log it. */
export const pairingCodeRoute = ({ pairingCode }: { readonly pairingCode: () => string | undefined }): Route => ({
  method: 'GET',
  path: podApiPaths.pairingCode,
  access: 'operator',
  answer() {
    const code = pairingCode();
    if (code !== undefined) return { status: 200, body: { pairingCode: code } };
    const detail = 'Cannot give a pairing code: the session does not wait for one to be entered; see its state';
    return problem(404, 'NO_PAIRING_CODE', 'No pairing code', detail);
  },
});
