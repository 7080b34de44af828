import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Folders in the order in which they may import: each only what stands to its right. Files at the top are the main. */
const order = {
  operator: ['gateway', 'api', 'deliver', 'act', 'publish', 'observe', 'watch', 'pods', 'kubernetes', 'plan', 'resource'],
  'session-pod': ['api', 'run', 'engine', 'deliver', 'storage', 'publish', 'session', 'protocol'],
} as const;
/** Without packages and Node's modules: time and randomness come in as values. */
const pure = ['operator/plan', 'operator/resource', 'session-pod/session'];

interface Import {
  readonly file: string;
  readonly of: string;
}

function importsIn(folder: string): Import[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.includes('node_modules'),
  );
  return files.flatMap((file) => {
    const source = readFileSync(join(root, folder, file), 'utf8');
    const specifiers = source.matchAll(/(?:^|\n)(?:import|export)\b[^'";]*?from\s+'([^']+)'|\bimport\('([^']+)'\)/g);
    return [...specifiers].map(([, fixed, dynamic]) => ({ file: `${folder}/${file}`, of: fixed ?? dynamic ?? '' }));
  });
}

const folderOf = (path: string, workspace: string) => {
  const [first, ...rest] = relative(join(root, workspace), join(root, path)).split('/');
  return rest.length === 0 ? 'main' : first;
};

describe.each(Object.entries(order))('%s', (workspace, folders) => {
  const imports = importsIn(workspace);

  test('has only the folders that have a place in the order', () => {
    const found = new Set(imports.map(({ file }) => folderOf(file, workspace)));
    expect([...found].filter((folder) => folder !== 'main' && !folders.some((each) => each === folder))).toEqual([]);
  });

  test('imports only from left to right', () => {
    const places = ['main', ...folders];
    const wrong = imports
      .filter(({ of }) => of.startsWith('.'))
      .map(({ file, of }) => ({ file, target: relative(root, resolve(root, dirname(file), of)) }))
      .filter(({ file, target }) => {
        if (!target.startsWith(`${workspace}/`)) return true; // Another workspace is imported by its package's name.
        const [from, to] = [folderOf(file, workspace), folderOf(target, workspace)];
        return from !== to && places.indexOf(from ?? '') > places.indexOf(to ?? '');
      });
    expect(wrong).toEqual([]);
  });
});

test('pure folders import no package and no module of Node, but what both sides say', () => {
  const wrong = pure.flatMap(importsIn).filter(({ of }) => !of.startsWith('.') && of !== '@berth/protocol');
  expect(wrong).toEqual([]);
});

test('the operator knows nothing of the session pod but the protocol, and the other way round', () => {
  const wrong = [...importsIn('operator'), ...importsIn('session-pod')].filter(
    ({ of }) => of.startsWith('@berth/') && !/^@berth\/protocol(\/|$)/.test(of),
  );
  expect(wrong).toEqual([]);
});
