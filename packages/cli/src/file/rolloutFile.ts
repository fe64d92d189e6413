import { CommandError } from '../commandError.ts';
import { microsOf } from '../commands/lengthOption.ts';
import { isJson } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { readDocuments } from './readDocuments.ts';

/** A rollout as a file says it, in the form of its command. */
export interface RolloutFile {
  readonly application: string;
  readonly data: {
    readonly steps: readonly Json[];
    readonly stages: readonly Json[];
    readonly gate: Json | null;
  };
}

/** What a gate asks for where the file does not say it. */
const gateDefaults = { measure: 'absolute', hostsMin: 1, decisionsMin: 100 };
const fields = ['application', 'changes', 'stages', 'gate'];
const stageFields = ['percent', 'zones', 'hosts', 'bake'];

/** @throws CommandError that names what is wrong; what the command's own form asks is the gateway's to say */
export async function readRolloutFile(file: string): Promise<RolloutFile> {
  const { documents, faults } = await readDocuments([file]);
  const [fault] = faults;
  if (fault !== undefined) {
    throw new CommandError(`${fault.place.file}:${fault.place.line}: ${fault.message}`, 2);
  }
  const [document, ...more] = documents;
  if (document === undefined || more.length > 0) throw wrong(file, 'it must hold one rollout');
  return rolloutOf(file, document.value);
}

/** @param value one document, parsed */
export function rolloutOf(file: string, value: unknown): RolloutFile {
  if (!isJson(value)) throw wrong(file, `it must say ${fields.join(', ')}`);
  const unknown = Object.keys(value).find((name) => !fields.includes(name));
  if (unknown !== undefined)
    throw wrong(file, `there is no ${unknown}; there are ${fields.join(', ')}`);
  const { application, gate } = value;
  if (typeof application !== 'string') throw wrong(file, 'application must name one');
  if (gate !== undefined && !isJson(gate)) throw wrong(file, 'gate must say its bounds');
  return {
    application,
    data: {
      steps: listIn(file, value, 'changes').map((change) => ({ change })),
      stages: listIn(file, value, 'stages').map((stage) => stageOf(file, stage)),
      gate: gate === undefined ? null : { ...gateDefaults, ...gate },
    },
  };
}

function stageOf(file: string, stage: Json): Json {
  const unknown = Object.keys(stage).find((name) => !stageFields.includes(name));
  if (unknown !== undefined) {
    throw wrong(file, `a stage has no ${unknown}; it has ${stageFields.join(', ')}`);
  }
  const { percent = 0, zones = [], hosts = [], bake } = stage;
  const bakeMicros = typeof bake === 'string' ? microsOf(bake) : null;
  if (bakeMicros === null) throw wrong(file, 'a stage bakes for a time, such as 15m, 2h, 1d');
  return { selector: { percent, zones, hosts }, bakeMicros };
}

function listIn(file: string, value: Json, name: string): readonly Json[] {
  const list = value[name];
  if (!Array.isArray(list) || !list.every(isJson)) throw wrong(file, `${name} must be a list`);
  return list;
}

const wrong = (file: string, why: string): CommandError =>
  new CommandError(
    `${file} is no rollout: ${why}. An example: docs/how-to/examples/rollout.yaml`,
    2,
  );
