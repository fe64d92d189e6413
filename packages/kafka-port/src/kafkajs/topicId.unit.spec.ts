import { describe, expect, it } from 'vitest';
import { LogRefused } from '../port.ts';
import { askTopicId, decodeTopicAnswer, encodeTopicRequest } from './topicId.ts';
import type { SendsRaw } from './topicId.ts';

const id = '0b6c2f6e-3f6f-4a55-9a53-1d1f3bfb8e11';

/** As a broker writes it: Kafka's protocol, Metadata response version 12. */
function answer({ errorCode = 0, brokers = 1, name = 'usage' } = {}): Buffer {
  const broker = Buffer.concat([
    Buffer.from([0, 0, 0, 1, 5]),
    Buffer.from('host'),
    Buffer.from([0, 0, 35, 132, 0]),
    // A tagged field of two bytes.
    Buffer.from([1, 9, 2, 7, 7]),
  ]);
  return Buffer.concat([
    Buffer.from([0, 0, 0, 0, 42, brokers + 1]),
    ...Array.from({ length: brokers }, () => broker),
    Buffer.from([4]),
    Buffer.from('abc'),
    Buffer.from([0, 0, 0, 1, 2, 0, errorCode, name.length + 1]),
    Buffer.from(name),
    Buffer.from(id.replaceAll('-', ''), 'hex'),
    Buffer.from([0, 1]),
  ]);
}

const brokerOf = (maxVersion: number, payload: Buffer): SendsRaw =>
  ({
    versions: { 3: { minVersion: 0, maxVersion } },
    connectionPool: {
      send: ({ response }: Parameters<SendsRaw['connectionPool']['send']>[0]) =>
        response.decode(payload),
    },
  }) as unknown as SendsRaw;

describe("a topic's id", () => {
  it('is asked for by name, and nothing is made', () => {
    const bytes = encodeTopicRequest('ab');
    expect(bytes.toString('hex')).toBe(`0002${'00'.repeat(16)}036162${'00'.repeat(4)}`);
    // Two bytes of length from 127 on.
    expect(encodeTopicRequest('x'.repeat(127)).subarray(18, 20)).toEqual(Buffer.from([0x80, 1]));
  });

  it('is read past brokers, racks and tagged fields', () => {
    for (const brokers of [1, 3]) {
      expect(decodeTopicAnswer(answer({ brokers }))).toEqual({
        errorCode: 0,
        id,
        clientSideThrottleTime: 42,
      });
    }
  });

  it('is not made of an answer that is cut off', () => {
    const whole = answer();
    for (let length = 0; length < whole.length - 2; length += 1) {
      expect(() => decodeTopicAnswer(whole.subarray(0, length))).toThrow(RangeError);
    }
  });

  it('is null of brokers from before there were ids', async () => {
    expect(await askTopicId(brokerOf(11, answer()), 'usage')).toBeNull();
    expect(await askTopicId(brokerOf(12, answer()), 'usage')).toBe(id);
  });

  it('says so of a topic that is not there', async () => {
    const asked = askTopicId(brokerOf(12, answer({ errorCode: 3 })), 'usage');
    await expect(asked).rejects.toBeInstanceOf(LogRefused);
  });
});
