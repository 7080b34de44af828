import { expect, onTestFailed, test } from 'vitest';
import { expectItsEnd, placeFor, scenarioNames, useCrashWorld, writes } from './operator-crash.ts';
import { writesAbout } from './operator-lives.ts';
import { prepare, scenarios } from './operator-scenarios.ts';

useCrashWorld((world) => {
  test('an operator whose connection breaks before or after any one of its writes goes on, on all sessions at once', async () => {
    const { proxy, operators } = world();
    onTestFailed(() => console.info(operators.current.log().slice(-6_000)));
    const cuts = scenarioNames.flatMap((scenario) =>
      (['cut', 'cut-answer'] as const).flatMap((type) =>
        Array.from({ length: writes[scenario] }, (_, index) => ({ scenario, type, nth: index + 1 })),
      ),
    );
    const hits = await Promise.all(
      cuts.map(async ({ scenario, type, nth }) => {
        const name = `${scenario.replace(' ', '-')}-${type}-${nth}`;
        const place = await placeFor(world(), scenarios[scenario]);
        const firstRun = await prepare(scenarios[scenario], place, name);
        let seen = 0;
        const isMeant = writesAbout(name);
        const fault = proxy.fault((request) => isMeant(request) && ++seen === nth, { type }, 1);
        await scenarios[scenario].act(place, name);
        await scenarios[scenario].settled(place, name, firstRun);
        fault.remove();
        await expectItsEnd(scenarios[scenario], place, name, firstRun);
        return fault.hits;
      }),
    );
    expect(hits.filter((each) => each === 0)).toHaveLength(0);
  }, 300_000);
}, 25);
