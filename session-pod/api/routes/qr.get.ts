import { podApiPaths } from '@berth/protocol';
import { problem } from '../problem.ts';
import type { Route } from '../route.ts';

/** The QR code to scan, as the text that it encodes. It gives access to an account: never log it. */
export const qrRoute = ({ qr }: { readonly qr: () => string | undefined }): Route => ({
  method: 'GET',
  path: podApiPaths.qr,
  access: 'operator',
  answer() {
    const code = qr();
    if (code !== undefined) return { status: 200, body: { qr: code } };
    return problem(
      404,
      'NO_QR',
      'No QR code',
      'Cannot give a QR code: the session does not wait for one; see its state',
    );
  },
});
