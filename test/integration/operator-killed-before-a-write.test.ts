import { testKills, useCrashWorld } from './operator-crash.ts';

useCrashWorld((world) => testKills('before', world), 25);
