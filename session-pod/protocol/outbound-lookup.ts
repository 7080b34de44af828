import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type OutboundPolicy, refusalOf } from './outbound-address.ts';
import { OutboundRefusedError } from './outbound-errors.ts';

/** Resolves a name to all its addresses, as dns.lookup with `all` does. */
export type ResolveAll = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const resolveAll: ResolveAll = (host, done) => lookup(host, { all: true, order: 'verbatim' }, done);

/**
 * A resolver for sockets that gives only addresses which may be connected to. The socket connects to what it is given,
 * so a name cannot change its mind between the check and the connection, while Host and SNI stay those of the URL.
 * An address written in the URL is never looked up: its check is `refusalOf`.
 */
export function guardedLookup(policy: OutboundPolicy, resolve: ResolveAll = resolveAll): LookupFunction {
  return (host, options, done) => {
    resolve(host, (error, addresses) => {
      if (error) return done(error, []);
      const refusals: string[] = [];
      const allowed = addresses.filter(({ address }) => {
        const refusal = refusalOf(address, host, policy);
        if (refusal !== undefined) refusals.push(refusal);
        return refusal === undefined;
      });
      const [first] = allowed;
      if (first === undefined) {
        const why = refusals[0] ?? 'it has none';
        return done(new OutboundRefusedError(host, `no address of "${host}" may be reached (${why})`), []);
      }
      if (options.all) return done(null, allowed);
      return done(null, first.address, first.family);
    });
  };
}
