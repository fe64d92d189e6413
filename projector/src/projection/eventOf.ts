import { fullNameOf } from '@prorata/schemas';
import type { EventMessage, Message } from '@prorata/schemas';
import { BrokenInvariant } from './projection.ts';
import type { DecodedRecord } from './projection.ts';

/** @throws BrokenInvariant when it is another message */
export function eventOf({ offset, message }: DecodedRecord): EventMessage {
  if (isEvent(message)) return message;
  throw new BrokenInvariant(offset, `A ${message.type} stands among the events.`);
}

function isEvent(message: Message): message is EventMessage {
  return fullNameOf[message.type].startsWith('io.prorata.event.');
}
