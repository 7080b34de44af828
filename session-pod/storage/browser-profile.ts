import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CredentialsCorruptError } from './credential-store.ts';
import { syncDirectory, writeDurably } from './durable-file.ts';
import { VolumeUnusableError } from './volume-lock.ts';

/** The folder in which a browser keeps the login of a session. Call it only while holding the volume's lock. */
export interface BrowserProfile {
  readonly directory: string;
  /** Beside Chromium's own files: which messages were passed on. */
  readonly messagesFile: string;
  /** When a login was first seen to come back from it; undefined without one. */
  pairedAtMs(): number | undefined;
  /** Notes that a login came back from it. Durable on return. @throws {VolumeUnusableError} */
  notePairing(nowMs: number): void;
  /** Notes that the login in it is void: should erasing it be cut short, the next run goes on with that. Durable on return. */
  noteLogout(nowMs: number): void;
  /** Removes what a killed browser leaves to keep others out. The volume's lock proves that it is dead. */
  removeStaleLocks(): void;
  /**
   * Takes the profile out of its place, durably, and removes its files. Only after a logout that WhatsApp confirmed, and
   * once the browser is dead. Files that are left by a kill in the middle go at the next opening.
   * @throws {VolumeUnusableError} the profile is still in its place
   */
  eraseAfterLogout(nowMs: number): Promise<void>;
}

const name = 'browser-profile';
/** An erased profile that still has files. */
const erasedName = /^browser-profile\.erased-\d+$/;
/** In the profile, so that it comes and goes with it; Chromium leaves alone what it does not know. */
const noteName = 'berth-login.json';

/** What is known of the login in a profile. Without a note there was none yet, or nobody saw it come back. */
interface Note {
  readonly login: 'paired' | 'logged-out';
  readonly atMs: number;
}

/**
 * Opens the profile of a volume, or makes an empty one where there is none. An erasure that was cut short is finished
 * first. What Chromium itself keeps in it cannot be checked from outside: it drops a damaged database silently, and then
 * the page asks to be paired although it was.
 * @throws {CredentialsCorruptError} the profile or its note is damaged, or the profile was emptied
 * @throws {VolumeUnusableError} the volume cannot be read or written
 */
export function openBrowserProfile(dataDirectory: string): BrowserProfile {
  const directory = join(dataDirectory, name);
  const noteFile = join(directory, noteName);
  const guarded = <T>(work: () => T): T => guardedOn(dataDirectory, work);
  const write = (note: Note) => guarded(() => writeDurably(noteFile, JSON.stringify(note)));

  /** Out of its place at once and for good: a rename is whole or not at all. Gives what is left to remove. */
  const takeAway = (nowMs: number): string => {
    const erased = join(dataDirectory, `${name}.erased-${nowMs}`);
    renameSync(directory, erased);
    syncDirectory(dataDirectory);
    return erased;
  };

  let note = guarded(() => {
    for (const leftover of readdirSync(dataDirectory).filter((each) => erasedName.test(each))) {
      rmSync(join(dataDirectory, leftover), { recursive: true, force: true });
    }
    const found = readNote(directory, noteFile);
    if (found?.login === 'logged-out') rmSync(takeAway(found.atMs), { recursive: true, force: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return found?.login === 'logged-out' ? undefined : found;
  });

  return {
    directory,
    messagesFile: join(directory, 'berth-messages.json'),
    pairedAtMs: () => (note?.login === 'paired' ? note.atMs : undefined),
    notePairing(nowMs) {
      note = { login: 'paired', atMs: nowMs };
      write(note);
    },
    noteLogout(nowMs) {
      note = { login: 'logged-out', atMs: nowMs };
      write(note);
    },
    removeStaleLocks: () =>
      guarded(() => {
        // Links that point nowhere: existsSync() says they are not there.
        for (const lock of ['SingletonLock', 'SingletonCookie', 'SingletonSocket']) {
          rmSync(join(directory, lock), { force: true });
        }
      }),
    async eraseAfterLogout(nowMs) {
      const erased = guarded(() => takeAway(nowMs));
      note = undefined;
      await rm(erased, { recursive: true, force: true });
    },
  };
}

function readNote(directory: string, noteFile: string): Note | undefined {
  // Unlike existsSync, it throws on a volume that fails.
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isDirectory()) throw new CredentialsCorruptError(directory, 'it is not the folder of a browser profile');
  if (statSync(noteFile, { throwIfNoEntry: false }) === undefined) return undefined;
  const note = parseNote(readFileSync(noteFile, 'utf8'));
  if (note === undefined) throw new CredentialsCorruptError(directory, `its note "${noteName}" is damaged`);
  // Where Chromium keeps everything that a page stores.
  if (note.login === 'paired' && !statSync(join(directory, 'Default'), { throwIfNoEntry: false })?.isDirectory()) {
    throw new CredentialsCorruptError(directory, 'a device was linked with it, and its folder "Default" is gone');
  }
  return note;
}

function parseNote(text: string): Note | undefined {
  try {
    const { login, atMs } = JSON.parse(text) as Partial<Note>;
    return (login === 'paired' || login === 'logged-out') && Number.isSafeInteger(atMs)
      ? { login, atMs: atMs as number }
      : undefined;
  } catch {
    return undefined;
  }
}

function guardedOn<T>(dataDirectory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CredentialsCorruptError || !(error instanceof Error) || !('syscall' in error)) throw error;
    throw new VolumeUnusableError(dataDirectory, error.message, { cause: error });
  }
}
