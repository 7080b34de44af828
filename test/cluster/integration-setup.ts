import type { TestProject } from 'vitest/node';
import { startApiServer } from './start-api-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The admin's kubeconfig of the API server that all integration tests of a run share. */
    kubeconfigPath: string;
    /** Its audit log, one JSON event a line. */
    auditLogPath: string;
  }
}

/** Starts the API server that the integration tests share; a test gets at it by `inject('kubeconfigPath')`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startApiServer({ controllerManager: true });
  project.provide('kubeconfigPath', server.kubeconfigPath);
  project.provide('auditLogPath', server.auditLogPath);
  return () => server.stop();
}
