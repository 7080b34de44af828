import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], maxWorkers: '100%' } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // One API server for the run; each file makes itself a namespace.
          globalSetup: 'test/cluster/integration-setup.ts',
          maxWorkers: 4,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      // As long as SOAK_MINUTES says: no part of `make test`.
      { test: { name: 'soak', include: ['test/soak/**/*.test.ts'], fileParallelism: false, hookTimeout: 120_000 } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // Cluster, images, stand-ins and Berth as the tree is now; they stay for the next run.
          globalSetup: 'test/e2e/deploy.ts',
          // They share one node of two cores, and what they measure is time.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
