export type { OutboundPolicy } from './outbound-address.ts';
export { assertCidrs } from './outbound-address.ts';
export * from './outbound-errors.ts';
export * from './outbound-request.ts';
