import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem } from '@prorata/service-runtime';
import type { Response } from 'express';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import { focusFile, mediaTypes, TooManyLines } from './focusFile.ts';
import type { FocusFormat } from './focusFile.ts';
import type { FocusNames } from './focusNames.ts';

/**
 * Answers with a file, as fast as the caller takes it. What goes wrong after its first piece cuts the connection, so that
 * nobody takes a part for the whole; a caller who goes is no fault.
 * @throws Problem 422 where there are more lines than a file of the format holds
 */
export async function sendFocus(
  response: Response,
  format: FocusFormat,
  lines: AsyncIterable<ChargeLine>,
  names: FocusNames,
): Promise<void> {
  const bytes = focusFile(format, lines, names);
  const first = await bytes.next().catch((error: unknown) => {
    if (!(error instanceof TooManyLines)) throw error;
    throw new Problem(422, 'COSTS_TOO_MANY', `${error.message} Ask for less, or for CSV.`);
  });
  response.setHeader('content-type', mediaTypes[format]);
  response.setHeader('content-disposition', `attachment; filename="costs.${format}"`);
  try {
    await pipeline(Readable.from(from(first, bytes)), response);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

async function* from(
  first: IteratorResult<Buffer, void>,
  rest: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    if (first.done !== true) yield first.value;
    yield* rest;
  } finally {
    // Also where the caller goes before the second piece.
    await rest.return(undefined);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
