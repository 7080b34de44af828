/**
 * Whether a host name is that of a Service, or of a pod behind one, in the namespace:
 * `<x>.<namespace>.svc` or `<x>.<namespace>.svc.cluster.local`.
 */
export function isServiceOf(host: string, namespace: string | undefined): boolean {
  if (namespace === undefined || namespace === '') return false;
  const name = host.toLowerCase().replace(/\.$/, '');
  return [`.${namespace}.svc`, `.${namespace}.svc.cluster.local`].some(
    (suffix) => name.endsWith(suffix) && name.length > suffix.length,
  );
}

/** The host of a URL as a resolver takes it: an IPv6 address stands in brackets only in the URL. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}
