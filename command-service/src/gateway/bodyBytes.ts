import type { Request } from 'express';
import { BATCH_BYTES_MAX, BATCH_PATH } from './batchRoute.ts';

/** A command with the largest attributes, match and labels stays well under it, bytes. */
const COMMAND_BODY_BYTES_MAX = 262_144;

/** What a body may have, bytes: a batch more than one command. */
export function bodyBytesMax({ path }: Pick<Request, 'path'>): number {
  return path === BATCH_PATH ? BATCH_BYTES_MAX : COMMAND_BODY_BYTES_MAX;
}
