import type { Engine } from '../resource/whatsapp-session.ts';
import type { BrowserConfig } from './observed.ts';

type SeccompProfile =
  | { readonly type: 'RuntimeDefault' }
  | { readonly type: 'Localhost'; readonly localhostProfile: string };

/** Memory that a pod has for files; it is part of the container's memory limit, and used as it is needed. */
interface MemoryVolume {
  readonly name: string;
  readonly mountPath: string;
  readonly sizeLimit: string;
}

/** What a session's pod has because of its engine. */
export interface EnginePod {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly seccompProfile: SeccompProfile;
  readonly memoryVolumes: readonly MemoryVolume[];
}

const home = { name: 'HOME', value: '/tmp' } as const;

/**
 * What each engine needs of its pod. Baileys is one process that writes a file of at most 16 MiB twice while it sends it. A
 * browser is a dozen processes that share memory in /dev/shm, of which a container has 64Mi by itself, too little for a large
 * page; and what it keeps beside its profile lies in /tmp, as the root file system is read-only.
 */
export function enginePod(engine: Engine, browser: BrowserConfig): EnginePod {
  switch (engine) {
    case 'Baileys':
      return {
        env: [home],
        seccompProfile: { type: 'RuntimeDefault' },
        memoryVolumes: [{ name: 'tmp', mountPath: '/tmp', sizeLimit: '64Mi' }],
      };
    case 'WhatsAppWebJS':
      return {
        env: [
          home,
          { name: 'BERTH_BROWSER_SANDBOX', value: String(browser.sandbox) },
          { name: 'BERTH_BROWSER_LOCALE', value: browser.locale },
          { name: 'BERTH_BROWSER_USER_AGENT', value: browser.userAgent },
        ],
        // Chromium's own sandbox makes user namespaces, which the runtime's default profile denies.
        seccompProfile: browser.sandbox
          ? { type: 'Localhost', localhostProfile: browser.seccompProfile }
          : { type: 'RuntimeDefault' },
        memoryVolumes: [
          { name: 'tmp', mountPath: '/tmp', sizeLimit: '256Mi' },
          { name: 'shm', mountPath: '/dev/shm', sizeLimit: browser.shmSize },
        ],
      };
  }
}
