/** By partition: the offset from which a client has yet to be told. */
export type FeedCursor = Map<number, bigint>;

const PLACE = /^(\d{1,5})\.(\d{1,18})$/;

/** As the ids of a feed have it: `0.13_3.7`. One of several partitions names them all, in order. */
export function cursorText(cursor: ReadonlyMap<number, bigint>): string {
  const places = [...cursor].sort(([a], [b]) => a - b);
  return places.map(([partition, offset]) => `${partition}.${offset}`).join('_');
}

/** null: no id of a feed over just these partitions; another's would leave a gap. */
export function cursorOf(text: string, partitions: readonly number[]): FeedCursor | null {
  const places = text.split('_').map((place) => PLACE.exec(place));
  const cursor: FeedCursor = new Map();
  for (const place of places) {
    if (place === null) return null;
    cursor.set(Number(place[1]), BigInt(place[2] ?? 0));
  }
  const isWhole =
    cursor.size === partitions.length &&
    places.length === partitions.length &&
    partitions.every((partition) => cursor.has(partition));
  return isWhole ? cursor : null;
}
