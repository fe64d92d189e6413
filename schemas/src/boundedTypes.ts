import avro from 'avsc';
import type { Type } from 'avsc';

/** The part of avsc's reading position that bounding needs; avsc does not declare it. */
interface Tap {
  readonly buf: Buffer;
  pos: number;
  readLong(): number;
  readString(): string;
  skipString(): void;
}

/** A type or a resolver: avsc calls `_read` on either, and `_skip` for a field that the reader lacks. */
interface Reading {
  readonly itemsType: Reading;
  readonly valuesType: Reading;
  _read(tap: Tap): unknown;
  _skip(tap: Tap): void;
}

type TypeConstructor = new (schema: object, options: object) => Type;

const AnyList = avro.types.ArrayType as unknown as TypeConstructor;
const AnyMap = avro.types.MapType as unknown as TypeConstructor;

/**
 * Avro's list with its counts bounded by the bytes that are left: avsc believes a count, so that ten
 * bytes could ask for 2^31 items. An item that takes no byte (null, an empty record) is valid Avro
 * and refused all the same: no schema of Prorata has one, and nothing would bound their number.
 * avsc lends both methods to its resolvers, so `this` may be one.
 */
export class BoundedList extends AnyList {
  _read(this: Reading, tap: Tap): unknown[] {
    const items: unknown[] = [];
    eachItem(tap, () => items.push(this.itemsType._read(tap)));
    return items;
  }

  _skip(this: Reading, tap: Tap): void {
    eachItem(tap, () => this.itemsType._skip(tap));
  }
}

/** As `BoundedList`; a key `__proto__` is refused, for it would name no entry of an object. */
export class BoundedMap extends AnyMap {
  _read(this: Reading, tap: Tap): Record<string, unknown> {
    const entries: Record<string, unknown> = {};
    eachItem(tap, () => {
      const key = tap.readString();
      if (key === '__proto__') throw new RangeError('A map has the key __proto__.');
      entries[key] = this.valuesType._read(tap);
    });
    return entries;
  }

  _skip(this: Reading, tap: Tap): void {
    eachItem(tap, () => {
      tap.skipString();
      this.valuesType._skip(tap);
    });
  }
}

function eachItem(tap: Tap, take: () => void): void {
  for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
    if (count < 0) {
      count = -count;
      // The block's size in bytes, which only a reader in a hurry needs.
      tap.readLong();
    }
    if (count > tap.buf.length - tap.pos) {
      throw new RangeError(`${count} items cannot stand in ${tap.buf.length - tap.pos} bytes.`);
    }
    for (; count > 0; count--) {
      const before = tap.pos;
      take();
      if (tap.pos <= before) throw new RangeError('An item takes no byte.');
    }
  }
}
