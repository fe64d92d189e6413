import { randomUUID } from 'node:crypto';
import { TableFault } from '../tableFault.ts';
import type { TableStorage } from './tableStorage.ts';

/** Some servers hold the condition against what is there, and still let several through at once. */
const RACERS = 8;

/**
 * Commits stand on one thing: of all who create a version, one wins. This tries it out with an
 * object of its own, first one after another and then together, before anything is committed.
 * @throws TableFault STORAGE_NOT_CONDITIONAL, and whatever the storage says otherwise
 */
export async function proveConditional(storage: TableStorage): Promise<void> {
  await prove(storage, 'lets a second writer write over what is there', async (make) => [
    await make(),
    await make(),
  ]);
  await prove(storage, 'lets several writers win at once', (make) =>
    Promise.all(Array.from({ length: RACERS }, make)),
  );
}

async function prove(
  storage: TableStorage,
  fault: string,
  attempts: (make: () => Promise<boolean>) => Promise<boolean[]>,
): Promise<void> {
  const key = `probe/${randomUUID()}`;
  try {
    // Each with a content of its own: the same content would be taken for one writer's second try.
    const won = await attempts(() => storage.create(key, Buffer.from(randomUUID())));
    if (won.filter(Boolean).length === 1) return;
    throw new TableFault(
      'STORAGE_NOT_CONDITIONAL',
      `${storage.location} ${fault}: no table can be kept there (writes with If-None-Match: * have to be refused when the object exists)`,
    );
  } finally {
    await storage.remove(key);
  }
}
