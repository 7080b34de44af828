export * from './berth-error.ts';
export * from './pod-api.ts';
export * from './run-report.ts';
export * from './session-end-event.ts';
