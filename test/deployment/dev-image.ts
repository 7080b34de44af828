/** The images that `make images` builds of the tree. */
export type DevImage = 'operator' | 'session-baileys' | 'session-whatsapp-web-js' | 'test-stand-ins';

/** The name by which the cluster has an image of the tree. */
export const devImage = (name: DevImage): string => `berth.dev/${name}:dev`;
