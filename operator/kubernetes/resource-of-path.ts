/**
 * Names the resource of a request path, for metrics: `/api/v1/namespaces/a/pods/b/status` is `pods/status`.
 * Names and namespaces are left out, so the number of values is that of the resources in use.
 */
export function resourceOfPath(path: string): string {
  const parts = path.split('?', 1)[0]?.split('/').filter(Boolean) ?? [];
  const rest = parts[0] === 'api' ? parts.slice(2) : parts[0] === 'apis' ? parts.slice(3) : undefined;
  if (rest === undefined) return 'other';
  const [resource, , subresource] = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  if (resource === undefined) return 'other';
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}
