import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readContainer, writeContainer } from './avroContainer.ts';
import { parseExactly, stringifyExactly } from './exactJson.ts';
import { manifestFromBytes, manifestToBytes } from './manifestFile.ts';
import type { ManifestEntry } from './manifestFile.ts';
import { manifestListFromBytes, manifestListToBytes } from './manifestList.ts';
import type { Schema } from './schema.ts';
import { fromSingleValue, lowerBound, toSingleValue, upperBound } from './singleValue.ts';
import { newTable, withColumns } from './tableMetadata.ts';

const schema: Schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'quota_id', required: true, type: 'string' },
    { id: 2, name: 'at', required: true, type: 'timestamptz' },
  ],
};
const spec = {
  'spec-id': 0,
  fields: [
    { name: 'at_day', transform: 'day', 'source-id': 2, 'field-id': 1000 },
    { name: 'quota_id_bucket', transform: 'bucket[4]', 'source-id': 1, 'field-id': 1001 },
  ],
} as const;

describe('numbers of 64 bits in JSON', () => {
  it('come back as they were, and go out as numbers', () => {
    const text = '{"id":9223372036854775807,"small":7,"part":0.5,"list":[-9007199254740993]}';
    const json = parseExactly(text);
    expect(json).toEqual({
      id: 2n ** 63n - 1n,
      small: 7,
      part: 0.5,
      list: [-9_007_199_254_740_993n],
    });
    expect(stringifyExactly(json)).toBe(text);
  });
});

describe('an Avro container', () => {
  const record = { type: 'record', name: 'r', fields: [{ name: 'n', type: 'long' }] };

  it('gives back its records and what its header says, over several blocks', () => {
    const records = Array.from({ length: 5_000 }, (_, index) => ({ n: BigInt(index) << 40n }));
    const { meta, records: read } = readContainer(writeContainer(record, { own: 'text' }, records));
    expect(read).toEqual(records);
    expect(meta['own']).toBe('text');
  });

  it('is refused when it is torn or is none', () => {
    const whole = writeContainer(record, {}, [{ n: 1n }, { n: 2n }]);
    expect(() => readContainer(whole.subarray(0, -1))).toThrow(TypeError);
    expect(() => readContainer(Buffer.from('PAR1 and more'))).toThrow(TypeError);
  });
});

describe('a manifest', () => {
  it('gives back its files, their partitions and what is known of their columns', () => {
    const entry: ManifestEntry = {
      status: 1,
      snapshotId: null,
      sequenceNumber: null,
      fileSequenceNumber: 2n ** 60n,
      file: {
        path: 'file:///t/data/a.parquet',
        partition: [20_413, 3],
        rows: 7,
        bytes: 1_234,
        columns: new Map([
          [1, { bytes: 9, values: 7, nulls: 1, lower: Buffer.from('a'), upper: null }],
          [2, { bytes: 8, values: 7, nulls: 0, lower: Buffer.alloc(8), upper: Buffer.alloc(8, 1) }],
        ]),
        sortOrderId: 1,
      },
    };
    expect(manifestFromBytes(manifestToBytes({ schema, spec }, [entry]), spec)).toEqual([entry]);
  });

  it('says by its attributes what another reader must know', () => {
    const { meta } = readContainer(manifestToBytes({ schema, spec }, []));
    expect(JSON.parse(meta['partition-spec'] ?? '')).toEqual(spec.fields);
    expect(JSON.parse(meta['schema'] ?? '')).toEqual(schema);
    expect(meta).toMatchObject({
      'partition-spec-id': '0',
      'format-version': '2',
      content: 'data',
    });
    expect(meta['avro.schema']).toContain('"field-id":1001');
  });

  it('is listed with its counts and the bounds of its partitions', () => {
    const listed = {
      path: 'file:///t/metadata/m.avro',
      bytes: 99n,
      specId: 0,
      content: 0,
      sequenceNumber: 5n,
      minSequenceNumber: 2n,
      addedSnapshotId: 2n ** 62n,
      addedFiles: 1,
      existingFiles: 2,
      deletedFiles: 3,
      addedRows: 10n,
      existingRows: 20n,
      deletedRows: 30n,
      partitions: [{ containsNull: false, lower: Buffer.alloc(4), upper: null }],
    };
    const maker = { snapshotId: 4n, parentId: null, sequenceNumber: 5, notes: { own: 'note' } };
    const list = manifestListFromBytes(manifestListToBytes(maker, [listed]));
    expect(list.manifests).toEqual([listed]);
    expect(list.notes['own']).toBe('note');
  });
});

describe('bounds', () => {
  it('hold the value between them, however long it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const value = Buffer.from(text, 'utf8');
        const upper = upperBound('string', text);
        expect(Buffer.compare(lowerBound('string', text), value)).toBeLessThanOrEqual(0);
        if (upper !== null) expect(Buffer.compare(upper, value)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('come back as the values that they are', () => {
    for (const [type, value] of [
      ['int', -5],
      ['date', 20_413],
      ['long', -(2n ** 62n)],
      ['timestamptz', 1_763_683_200_000_001n],
      ['string', 'llm/chat'],
      ['boolean', true],
    ] as const) {
      expect(fromSingleValue(type, toSingleValue(type, value))).toBe(value);
    }
  });
});

describe('the columns of a table', () => {
  const form = { schema, spec, order: { 'order-id': 0, fields: [] }, properties: {} };
  const table = newTable(form, { location: 'file:///t', uuid: 'u', nowMs: 1 });
  const grown = (field: object): Schema =>
    ({ ...schema, fields: [...schema.fields, { id: 3, name: 'zone', ...field }] }) as Schema;

  it('can be added, under a new id', () => {
    const metadata = withColumns(table, grown({ required: false, type: 'string' }));
    expect(metadata).toMatchObject({ 'current-schema-id': 1, 'last-column-id': 3 });
    expect(metadata.schemas).toHaveLength(2);
    expect(withColumns(metadata, schema)).toBe(metadata);
  });

  it('cannot change, nor be asked of rows that never had them', () => {
    expect(() => withColumns(table, grown({ required: true, type: 'string' }))).toThrow(TypeError);
    const other = { ...schema, fields: [{ ...schema.fields[0]!, type: 'long' as const }] };
    expect(() => withColumns(table, other)).toThrow(TypeError);
  });
});
