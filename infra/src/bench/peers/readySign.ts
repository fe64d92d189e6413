/** What a peer's process prints once it takes requests. */
export const READY_SIGN = 'peer ready';
