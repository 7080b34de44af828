import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One process as /proc shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** The pid of the process that opened its session: puppeteer starts each browser in a session of its own. */
  readonly session: number;
  readonly isZombie: boolean;
  readonly command: readonly string[];
}

const lookEveryMs = 20;
/** Milliseconds for processes that were killed to be gone; a few are usual. */
export const killedWithinMs = 500;

/** Which browser is meant. */
export interface BrowserIdentity {
  readonly profileDirectory: string;
  /** Of its first process, once it is known: when that is dead, its children are found by it. */
  readonly pid?: number | undefined;
}

/**
 * The processes of a browser: those whose command names the profile, also when nobody was told of them yet, and whatever
 * descends from them or shares their session.
 */
export function browserTree(processes: readonly ProcessEntry[], { profileDirectory, pid }: BrowserIdentity): number[] {
  const flag = `--user-data-dir=${profileDirectory}`;
  const tree = new Set(processes.filter(({ command }) => command.includes(flag)).map((each) => each.pid));
  // Another process may have got its number meanwhile.
  const isAnothers = processes.some((each) => each.pid === pid && !tree.has(each.pid));
  if (pid !== undefined && !isAnothers) tree.add(pid);
  for (let size = -1; size !== tree.size; ) {
    size = tree.size;
    for (const each of processes) if (tree.has(each.parent) || tree.has(each.session)) tree.add(each.pid);
  }
  return processes.map((each) => each.pid).filter((each) => tree.has(each));
}

/**
 * Kills all processes of a browser, stopped ones too, and waits until they are gone.
 * @returns whether they are, within `withinMs` milliseconds
 */
export async function killBrowser(browser: BrowserIdentity, withinMs = killedWithinMs): Promise<boolean> {
  for (const endMs = Date.now() + withinMs; ; await sleep(lookEveryMs)) {
    const alive = browserTree(listProcesses(), browser).filter((pid) => pid !== process.pid);
    if (alive.length === 0) return true;
    for (const pid of alive) kill(pid); // At each look: one may have been started in between.
    if (Date.now() >= endMs) return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

/** All processes of this container. Dead ones that nobody has waited for are left out. */
function listProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((each) => /^\d+$/.test(each))
    .flatMap((each) => {
      try {
        return [
          parseProcess(readFileSync(`/proc/${each}/stat`, 'utf8'), readFileSync(`/proc/${each}/cmdline`, 'utf8')),
        ];
      } catch {
        return []; // It ended meanwhile.
      }
    })
    .filter(({ isZombie }) => !isZombie);
}

/**
 * Reads one process.
 * @param stat of /proc/<pid>/stat; the name in it may hold spaces and parentheses
 * @param cmdline of /proc/<pid>/cmdline, its arguments ended by NUL
 */
export function parseProcess(stat: string, cmdline: string): ProcessEntry {
  const [state = '', parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number(stat.slice(0, stat.indexOf(' '))),
    parent: Number(parent),
    session: Number(session),
    isZombie: state === 'Z',
    command: cmdline.split('\0'),
  };
}
