import { createLog } from '@berth/session-pod/publish/log.ts';

export const silentLog = createLog('silent', {});
