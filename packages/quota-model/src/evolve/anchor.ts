import { BrokenStream } from '../faults.ts';
import { anchoredPartition } from '../ids.ts';
import type { AnchorState } from '../model.ts';
import type { EventOf } from './origin.ts';

/** Whether its root is right is an auditor's question: a fold sees one stream and not the partition. */
export function evolveAnchor(
  state: AnchorState | null,
  event: EventOf<'HeadsAnchored'>,
): AnchorState {
  const partition = anchoredPartition(event.value.envelope.stream);
  if (partition === null) throw new BrokenStream(event, 'it belongs to a stream of anchors');
  const { streams, events } = event.value;
  if (state !== null && (streams < state.streams || events < state.events)) {
    throw new BrokenStream(event, 'it covers less than the anchor before it');
  }
  return { kind: 'anchor', id: partition.toString(), streams, events };
}
