import type { CoordinatorMetadata, Kafka } from 'kafkajs';
import { borrowCluster } from './borrowCluster.ts';

/** Kafka's number for the coordinator of transactions; a group's is 0. */
const TRANSACTION = 1;
/**
 * For so long a coordinator is believed to be where it was, milliseconds, unless a request to it fails.
 * kafkajs tries InitProducerId and AddPartitionsToTxn again; EndTxn it sends once, so that is done here.
 */
const BELIEVED_MS = 1_000;
/** kafkajs's name of NOT_COORDINATOR. */
const MOVED = 'NOT_COORDINATOR_FOR_GROUP';

interface Question {
  readonly groupId: string;
  readonly coordinatorType?: number;
}

type Ask = (request: unknown) => Promise<unknown>;

/** All that kafkajs asks of a coordinator of transactions. */
interface Coordinator {
  readonly initProducerId: Ask;
  readonly addPartitionsToTxn: Ask;
  readonly addOffsetsToTxn: Ask;
  readonly endTxn: Ask;
}

/** As kafkajs has it; its types leave the kind of coordinator out. */
interface AsksForCoordinators {
  findGroupCoordinatorMetadata: (
    this: AsksForCoordinators,
    question: Question,
  ) => Promise<CoordinatorMetadata>;
  findGroupCoordinator: (this: AsksForCoordinators, question: Question) => Promise<Coordinator>;
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
 * is still looked up at every request, and a request that fails makes them forget the answer.
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
  const { findGroupCoordinatorMetadata: findMetadata, findGroupCoordinator: find } = asks;
  asks.findGroupCoordinatorMetadata = async function remembered(question) {
    const { groupId, coordinatorType } = question;
    if (coordinatorType !== TRANSACTION) return findMetadata.call(this, question);
    const known = answers.get(this) ?? new Map<string, Answer>();
    answers.set(this, known);
    const answer = known.get(groupId);
    if (answer !== undefined && nowMs() - answer.atMs < BELIEVED_MS) return answer.metadata;
    const metadata = await findMetadata.call(this, question);
    known.set(groupId, { metadata, atMs: nowMs() });
    return metadata;
  };
  asks.findGroupCoordinator = async function watched(question) {
    if (question.coordinatorType !== TRANSACTION) return find.call(this, question);
    const forget = (): void => void answers.get(this)?.delete(question.groupId);
    try {
      const found = await find.call(this, question);
      return watchedCoordinator(found, { forget, findAnew: () => find.call(this, question) });
    } catch (error) {
      forget();
      throw error;
    }
  };
}

interface Belief {
  readonly forget: () => void;
  readonly findAnew: () => Promise<Coordinator>;
}

/** Whatever fails, a lost connection too, may mean that the coordinator is elsewhere by now. */
function watchedCoordinator(found: Coordinator, { forget, findAnew }: Belief): Coordinator {
  const forgetting = async (asked: Promise<unknown>): Promise<unknown> => {
    try {
      return await asked;
    } catch (error) {
      forget();
      throw error;
    }
  };
  return {
    initProducerId: (request) => forgetting(found.initProducerId(request)),
    addPartitionsToTxn: (request) => forgetting(found.addPartitionsToTxn(request)),
    addOffsetsToTxn: (request) => forgetting(found.addOffsetsToTxn(request)),
    endTxn: async (request) => {
      try {
        return await forgetting(found.endTxn(request));
      } catch (error) {
        if ((error as { readonly type?: unknown }).type !== MOVED) throw error;
        // Not taken by a broker that is no coordinator; and were it, a coordinator answers the end that
        // it has carried out for this producer and epoch as it did before (KIP-98).
        return forgetting((await findAnew()).endTxn(request));
      }
    },
  };
}
