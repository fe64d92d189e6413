export { startRelay } from './startRelay.ts';
export type { Relay, RelayParts } from './startRelay.ts';
export { relayOpenApi } from './http/openApi.ts';
