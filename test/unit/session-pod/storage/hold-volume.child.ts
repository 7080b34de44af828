import { lockVolume } from '@berth/session-pod/storage/volume-lock.ts';

// Holds a volume until it is killed.
const [directory = '', runUid = ''] = process.argv.slice(2);
lockVolume(directory, { runUid, pod: 'demo/alpha' });
console.log('locked');
setInterval(() => {}, 1_000);
