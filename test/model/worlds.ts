import { type Bounds, boundsFrom } from './bounds.ts';

const small: Bounds = {
  commands: 1,
  faults: 1,
  runs: 2,
  lagging: 0,
  twoLeaders: false,
  parts: [],
  states: 3_000_000,
};

/** The worlds that are explored: each goes far in one direction, since all of them at once are too many states. */
export const worlds = {
  'users who change their mind': { ...small, commands: 4, faults: 0 },
  'users and faults': { ...small, commands: 2 },
  'one fault after the other': { ...small, faults: 2, runs: 3 },
  'late watches': { ...small, lagging: 1 },
  'two leaders for a moment': { ...small, twoLeaders: true },
  'a lost node': { ...small, parts: ['lost nodes'] },
  'a lost node and late watches': { ...small, commands: 0, lagging: 1, parts: ['lost nodes', 'nothing else'] },
  'a lost node and two leaders': { ...small, commands: 0, twoLeaders: true, parts: ['lost nodes', 'nothing else'] },
  'stuck runs': { ...small, parts: ['stuck runs'] },
  'stuck runs and a budget': { ...small, runs: 3, parts: ['stuck runs'] },
  'refused records': { ...small, faults: 2, parts: ['refused records'] },
} as const satisfies Record<string, Bounds>;

/** The worlds that mutants are looked for in: those in which each shows. */
export const mutantWorlds = {
  small,
  'late watches': worlds['late watches'],
  'two leaders for a moment': { ...small, commands: 2, faults: 0, twoLeaders: true },
  'a lost node': worlds['a lost node'],
  'stuck runs': worlds['stuck runs'],
  'stuck runs and a budget': { ...worlds['stuck runs and a budget'], commands: 0 },
  'refused records': { ...worlds['refused records'], faults: 1 },
} as const satisfies Record<string, Bounds>;

/** The worlds with the bounds that the environment asks for, as in a soak. */
export const worldsFrom = (environment: Readonly<Record<string, string | undefined>>): [string, Bounds][] =>
  Object.entries(worlds).map(([name, bounds]) => [name, boundsFrom(environment, bounds)]);
