/** What one image holds of the project. */
export interface ImageContents {
  /** The image's name without registry and tag. */
  readonly image: string;
  readonly dockerfile: string;
  /** npm workspaces whose production packages it needs. */
  readonly workspaces: readonly string[];
  /** Kinds of packages that it does without, beside those of development. */
  readonly omit?: readonly ('optional' | 'peer')[];
  /** Files and folders of the project, as they stand below `/app`. */
  readonly sources: readonly string[];
  /** Whether it stands on the base image that has a browser. */
  readonly hasBrowser?: boolean;
}

/**
 * The images of the project. Those of sessions differ in one workspace, which names the packages of their engine: so the one has
 * no browser and its driver, the other no libsignal, which is under the GPL.
 */
export const imageContents: readonly ImageContents[] = [
  {
    image: 'operator',
    dockerfile: 'operator/Dockerfile',
    workspaces: ['operator', 'session-pod/protocol'],
    sources: ['package.json', 'operator', 'session-pod/protocol'],
  },
  {
    image: 'session-baileys',
    dockerfile: 'session-pod/Dockerfile.baileys',
    workspaces: ['session-pod', 'session-pod/protocol', 'session-pod/engine/packages/baileys'],
    sources: ['package.json', 'session-pod'],
  },
  {
    image: 'session-whatsapp-web-js',
    dockerfile: 'session-pod/Dockerfile.whatsapp-web-js',
    workspaces: ['session-pod', 'session-pod/protocol', 'session-pod/engine/packages/whatsapp-web-js'],
    // The optional ones keep a login in a foreign store, and a TypeScript compiler is a peer: 41 MB.
    omit: ['optional', 'peer'],
    sources: ['package.json', 'session-pod'],
    hasBrowser: true,
  },
  {
    image: 'test-stand-ins',
    dockerfile: 'test/Dockerfile',
    workspaces: ['test', 'session-pod/protocol'],
    // Not all of test/: who works on a test must not lose the stand-ins' accounts to a new image.
    sources: [
      'package.json',
      'test/package.json',
      'test/admin-http',
      'test/proxy',
      'test/stand-ins',
      'test/webhook-receiver',
      'test/whatsapp',
      'test/whatsapp-web',
      'session-pod/protocol',
    ],
  },
];
