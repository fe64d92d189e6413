import { createParser } from 'eventsource-parser';
import type { EventSourceMessage } from 'eventsource-parser';

/** The stream did not begin, or broke off; the source connects again. */
export class RuleStreamBroken extends Error {
  override readonly name = 'RuleStreamBroken';
}

/** The relay sends something every 5 s; three of these missed, and the connection is taken for dead. */
export const SILENCE_MS_MAX = 15_000;
/** A quarter of a million rules; a stream that sends more without an event is none of ours. */
const EVENT_CHARACTERS_MAX = 128 * 1024 * 1024;

/** Rejects with what broke the stream; an end is a break as well. */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  onEvent: (event: EventSourceMessage) => void,
  onBytes: () => void,
): Promise<void> {
  let sinceEvent = 0;
  const parser = createParser({
    onEvent(event) {
      sinceEvent = 0;
      onEvent(event);
    },
    onComment() {
      sinceEvent = 0;
    },
  });
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    onBytes();
    sinceEvent += text.length;
    if (sinceEvent > EVENT_CHARACTERS_MAX) throw new RuleStreamBroken('An event has no end.');
    parser.feed(text);
  }
  throw new RuleStreamBroken('The stream has ended.');
}
