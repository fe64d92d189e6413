import type { CoordinatorMetadata, Kafka } from 'kafkajs';
import { borrowCluster } from './borrowCluster.ts';

/** Kafka's number for the coordinator of transactions; a group's is 0. */
const TRANSACTION = 1;
/**
 * For so long a coordinator is believed to be where it was, milliseconds: a request to a former one is
 * refused, and asking again helps within this, well inside what kafkajs tries for.
 */
const BELIEVED_MS = 1_000;

interface Question {
  readonly groupId: string;
  readonly coordinatorType?: number;
}

/** As kafkajs has it; its types leave the kind of coordinator out. */
interface AsksForCoordinators {
  findGroupCoordinatorMetadata: (
    this: AsksForCoordinators,
    question: Question,
  ) => Promise<CoordinatorMetadata>;
}

interface Answer {
  readonly metadata: CoordinatorMetadata;
  readonly atMs: number;
}

/** The classes of cluster clients that remember. */
const taught = new WeakSet<AsksForCoordinators>();

/**
 * kafkajs asks who coordinates a transaction before AddPartitionsToTxn and again before EndTxn: two of
 * the five requests of every transaction, one after another. From here on its cluster clients, those of
 * producers included, believe an answer for a while. Which broker that is, and whether it is connected,
 * is still looked up at every request.
 */
export function rememberCoordinators(
  kafka: Kafka,
  nowMs: () => number = () => performance.now(),
): void {
  rememberIn(Object.getPrototypeOf(borrowCluster(kafka)) as AsksForCoordinators, nowMs);
}

/** @param asks what all cluster clients inherit from */
export function rememberIn(asks: AsksForCoordinators, nowMs: () => number): void {
  if (taught.has(asks)) return;
  taught.add(asks);
  const answers = new WeakMap<AsksForCoordinators, Map<string, Answer>>();
  const find = asks.findGroupCoordinatorMetadata;
  asks.findGroupCoordinatorMetadata = async function remembered(question) {
    const { groupId, coordinatorType } = question;
    if (coordinatorType !== TRANSACTION) return find.call(this, question);
    const known = answers.get(this) ?? new Map<string, Answer>();
    answers.set(this, known);
    const answer = known.get(groupId);
    if (answer !== undefined && nowMs() - answer.atMs < BELIEVED_MS) return answer.metadata;
    const metadata = await find.call(this, question);
    known.set(groupId, { metadata, atMs: nowMs() });
    return metadata;
  };
}
