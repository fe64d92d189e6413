import path from 'node:path';
import { localUrl } from './localUrl.ts';
import { readState } from './stackFiles.ts';
import { secretsDirectoryOf } from './secretsDirectoryOf.ts';

/** What a client of a local stack has to know, and no more. */
export interface LocalGateway {
  readonly gatewayUrl: string;
  /** Where the key lies that its tokens are signed with. */
  readonly secretsDirectory: string;
}

/**
 * The gateway of a stack that was started before, running or not; undefined when there never was one.
 * It reads one file and writes none: every question of the command line goes through here, so that what a
 * stack is made of must not be loaded for it.
 */
export async function findLocalGateway(directory: string): Promise<LocalGateway | undefined> {
  const state = await readState(path.resolve(directory));
  if (state === undefined) return undefined;
  return {
    gatewayUrl: localUrl(state.ports.gateway),
    secretsDirectory: secretsDirectoryOf(path.resolve(directory)),
  };
}
