import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectDir } from '../../cluster/paths.ts';

interface Argument {
  index: number;
  value: number;
  valueTwo?: number;
  op: 'SCMP_CMP_EQ' | 'SCMP_CMP_NE' | 'SCMP_CMP_MASKED_EQ';
}
interface Profile {
  defaultAction: string;
  syscalls: { names: string[]; action: string; args?: Argument[]; errnoRet?: number }[];
}

const file = join(projectDir, 'charts', 'berth', 'files', 'seccomp', 'chromium.json');
const profile = JSON.parse(await readFile(file, 'utf8')) as Profile;
/** Flags of clone(2). */
const clone = {
  thread: 0x0001_0000,
  mount: 0x0002_0000,
  cgroup: 0x0200_0000,
  uts: 0x0400_0000,
  ipc: 0x0800_0000,
  user: 0x1000_0000,
  pid: 0x2000_0000,
  network: 0x4000_0000,
};

/** Whether the profile lets a system call with this first argument pass. */
function isAllowed(name: string, argument = 0): boolean {
  return profile.syscalls.some(
    ({ names, action, args = [] }) =>
      action === 'SCMP_ACT_ALLOW' && names.includes(name) && args.every((rule) => isMet(rule, argument)),
  );
}

function isMet({ value, valueTwo = 0, op }: Argument, argument: number): boolean {
  if (op === 'SCMP_CMP_EQ') return argument === value;
  if (op === 'SCMP_CMP_NE') return argument !== value;
  return (BigInt(argument) & BigInt(value)) === BigInt(valueTwo);
}

test('the seccomp profile denies what it does not name', () => {
  expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
});

test.each(['clone', 'unshare'])('the seccomp profile allows %s what the sandbox of Chromium is made of', (name) => {
  expect(isAllowed(name, clone.user + clone.pid + clone.network)).toBe(true);
  expect(isAllowed('chroot')).toBe(true);
});

test.each(['mount', 'cgroup', 'uts', 'ipc'] as const)('the seccomp profile denies a new %s namespace', (kind) => {
  for (const name of ['clone', 'unshare']) {
    expect(isAllowed(name, clone[kind])).toBe(false);
    expect(isAllowed(name, clone[kind] + clone.user)).toBe(false);
  }
});

test('the seccomp profile lets programs start threads and processes', () => {
  expect(isAllowed('clone', clone.thread)).toBe(true);
  expect(isAllowed('execve')).toBe(true);
});

test('the seccomp profile says of clone3, whose flags no filter sees, that it does not exist', () => {
  const rules = profile.syscalls.filter(({ names }) => names.includes('clone3'));
  expect(rules).toEqual([{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
});

const mounting = 'mount umount2 pivot_root open_tree move_mount fsopen mount_setattr setns';
const kernel = 'init_module finit_module kexec_load reboot swapon settimeofday iopl';
const risky = 'bpf perf_event_open keyctl add_key request_key userfaultfd open_by_handle_at io_uring_setup';

test.each(`${mounting} ${kernel} ${risky}`.split(' '))('the seccomp profile denies %s', (name) => {
  expect(isAllowed(name)).toBe(false);
});
