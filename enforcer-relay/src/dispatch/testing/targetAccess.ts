import { guardedRequest, SecretMissing } from '@prorata/service-runtime';
import type { TargetAccess } from '../dispatcher.ts';

/** An operator who allows nothing; tests add what they need. */
export const noAccess: TargetAccess = {
  application: 'moka',
  directory: null,
  hosts: new Set(),
  second: () => 1_800_000_000n,
  secret: (name) => Promise.reject(new SecretMissing(`No secret ${name}.`)),
  request: guardedRequest,
};
