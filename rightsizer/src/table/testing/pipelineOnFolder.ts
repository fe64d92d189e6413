import { once } from 'node:events';
import { connect } from 'node:net';
import { Compactor } from '../../compaction/compactor.ts';
import { usageForm } from '../rowForms.ts';
import { tablePlaces, UsageDatabase } from '../usageDatabase.ts';
import { UsageReader } from '../usageReader.ts';
import { UsageTable } from '../usageTable.ts';
import { tenRecords } from './tenRecords.ts';

/** Three ranges on their way from rows to an answer. */
const RANGES = 3;

/**
 * As a process: `pipelineOnFolder.ts <folder> <port>`. Writes, commits, compacts and asks, and prints what it
 * found as JSON, with whether it could reach the port of this machine.
 */
const [folder = '', port = ''] = process.argv.slice(2);
const places = await tablePlaces(folder);
const database = await UsageDatabase.open(places.root);
const topic = { name: 'usage.events', partitions: 1 };
const table = await UsageTable.open({ database, places, topic });
let claim = await table.takeOver(0);
for (let range = 0; range < RANGES; range += 1)
  claim = await table.commit(claim, tenRecords(range));
const compactor = new Compactor({ database, places, form: usageForm });
const { replaced } = await compactor.compact({ settleMs: 0, filesMin: 2, bytesMax: 1_000_000 });
const snapshot = await new UsageReader(database, places).newest();
const sums = await snapshot?.ask('SELECT count(*)::INT AS rows, sum(used)::INT AS used FROM usage');
const network = await isReachable(Number(port));
process.stdout.write(JSON.stringify({ ...sums?.[0], replaced, network }));
table.close();
database.close();

async function isReachable(number: number): Promise<boolean> {
  const socket = connect(number, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
