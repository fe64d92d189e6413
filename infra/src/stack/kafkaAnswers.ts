import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { KafkaConnection } from '@prorata/kafka-port';

const CORRELATION = 1;
/**
 * ApiVersions, version 0, of a client without a name (https://kafka.apache.org/protocol, request header 1): the one question
 * that a broker answers before it has been told who asks.
 */
const QUESTION = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, CORRELATION, 0xff, 0xff]);
/** Size, correlation id, error code: the answer's beginning. */
const ANSWER_BYTES_MIN = 10;

/**
 * Does one of the brokers answer? The kernel accepts connections for a process that stands still, so that an open port says
 * nothing of a broker.
 */
export async function kafkaAnswers(
  { brokers, tls = false }: KafkaConnection,
  deadlineMs: number,
): Promise<boolean> {
  const asked = brokers.map(async (broker) => {
    const { hostname, port } = new URL(`tcp://${broker}`);
    const place = { host: hostname, port: Number(port) };
    const socket =
      tls === false
        ? connect(place)
        : connectTls({ ...place, servername: hostname, ...(tls === true ? {} : tls) });
    await answerOn(socket, deadlineMs);
  });
  return Promise.any(asked).then(
    () => true,
    () => false,
  );
}

async function answerOn(socket: Socket, deadlineMs: number): Promise<void> {
  let answer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), deadlineMs);
  try {
    socket.write(QUESTION);
    for await (const part of socket as AsyncIterable<Buffer>) {
      answer = Buffer.concat([answer, part]);
      if (answer.length >= ANSWER_BYTES_MIN) break;
    }
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
  if (answer.length < ANSWER_BYTES_MIN || answer.readInt32BE(4) !== CORRELATION)
    throw new Error('No answer of a broker.');
}
