import path from 'node:path';

/** The checkout that this file stands in. */
export const checkoutDirectory = path.resolve(import.meta.dirname, '../..');

/** Everything that Prorata makes or downloads lives here; deleting it costs time, never meaning. */
export const dataDirectory = path.join(checkoutDirectory, '.prorata');
