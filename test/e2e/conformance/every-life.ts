import { engineCapabilities } from '@berth/session-pod/engine/capabilities.ts';
import { describe } from 'vitest';
import type { EngineName } from '../../deployment/stand-ins.ts';
import { oneWorld } from '../a-world.ts';
import { enginesUnderTest } from './engine-under-test.ts';
import { everydayLife } from './everyday-life.ts';
import { lifeBehindProxy } from './life-behind-proxy.ts';
import { lifeByPairingCode } from './life-by-pairing-code.ts';
import { lifeOnDamagedVolume } from './life-on-damaged-volume.ts';
import { lifeThatIsEnded } from './life-that-is-ended.ts';
import { lifeThatWedges } from './life-that-wedges.ts';

/** The longest first: at most five run at the same time. */
const lives = [everydayLife, lifeOnDamagedVolume, lifeThatIsEnded, lifeBehindProxy, lifeThatWedges, lifeByPairingCode];

/**
 * Tells what every engine promises, against its own stand-in. What one cannot do is in the table of capabilities, and nowhere
 * here. Each engine has a file of its own, so that both can run at the same time.
 */
export function everyLife(engine: EngineName): void {
  describe(`a session with ${engine}`, () => {
    const world = oneWorld(engine);
    for (const tell of lives) tell({ engine, can: engineCapabilities[engine], way: enginesUnderTest[engine], world });
  });
}
