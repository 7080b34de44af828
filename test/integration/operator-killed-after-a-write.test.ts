import { testKills, useCrashWorld } from './operator-crash.ts';

useCrashWorld((world) => testKills('after', world), 25);
