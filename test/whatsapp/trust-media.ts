/**
 * A value of NODE_OPTIONS with which a process of Node trusts this authority and no other, wherever it does not name one itself:
 * what a session needs for the stand-in's files. It holds the certificate, so that no file has to be brought to the session.
 * @param authority in PEM
 */
export function trustingOnly(authority: string): string {
  const program = `import { setDefaultCACertificates } from 'node:tls'; setDefaultCACertificates([${JSON.stringify(authority)}]);`;
  return `--import=data:text/javascript,${encodeURIComponent(program)}`;
}
