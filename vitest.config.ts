import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes: begun last, each would be waited for alone. */
const long = /operator-killed|stale-world|model\/worlds|conformance\/|volume\.test|faults\/whatsapp/;

/** Without the times of an earlier run, vitest begins with the largest files; these take longest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => Number(long.test(b.moduleId)) - Number(long.test(a.moduleId)));
  }
}

const onTheCluster = {
  // Cluster, images, stand-ins and Berth as the tree is now; they stay for the next run.
  globalSetup: 'test/e2e/deploy.ts',
  testTimeout: 300_000,
  hookTimeout: 180_000,
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], maxWorkers: '100%', testTimeout: 20_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // One API server for the run; each file makes itself a namespace.
          globalSetup: 'test/cluster/integration-setup.ts',
          maxWorkers: 3,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      // As long as SOAK_MINUTES says: no part of `make test`.
      { test: { name: 'soak', include: ['test/soak/**/*.test.ts'], fileParallelism: false, hookTimeout: 120_000 } },
      // Real pods on one node of two cores. What its tests do is mostly waiting, so several files share the node at a time.
      {
        test: {
          ...onTheCluster,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: ['test/e2e/alone/**'],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      // Afterwards, one by one, those that disturb others, by a restart of Berth for instance, or that measure time.
      {
        test: {
          ...onTheCluster,
          name: 'e2e-alone',
          include: ['test/e2e/alone/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
