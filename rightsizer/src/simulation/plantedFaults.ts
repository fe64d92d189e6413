import type { LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';
import type { LogView } from '../view/logView.ts';
import type { ThrottleParts } from '../throttle/throttle.ts';
import { overlaid } from './overlaid.ts';
import type { Planting } from './throttleProcess.ts';
import { applications } from './throttleWorld.ts';

function viewWith(parts: ThrottleParts, changes: Partial<LogView>): ThrottleParts {
  const view = overlaid(parts.view.view, changes);
  return { ...parts, view: overlaid(parts.view, { view }) };
}

function throttlePolicyWith(
  parts: ThrottleParts,
  changes: Partial<ThrottleParts['policy']['throttle']>,
): ThrottleParts {
  const { policy } = parts;
  return { ...parts, policy: { ...policy, throttle: { ...policy.throttle, ...changes } } };
}

let drawn = 0;

function changed(command: LoopCommand, data: object): LoopCommand {
  return { ...command, data: { ...command.data, ...data } };
}

const isCut = ({ type, data }: LoopCommand): boolean =>
  type === 'BeginCut' && data['lift'] === null;

/** Each is a throttle with one guard less; the laws must find it. */
export const plantedFaults: Readonly<Record<string, Planting>> = {
  'ids that do not follow from the decision': {
    command: (command) => {
      drawn += 1;
      return { ...command, commandId: derivedId('drawn', drawn) };
    },
  },
  'no cool-down': { parts: (parts) => throttlePolicyWith(parts, { cooldownMs: 0 }) },
  'no rest between steps': { parts: (parts) => throttlePolicyWith(parts, { escalationMs: 0 }) },
  'a memory of lifts that ends with the process': {
    parts: (parts) =>
      viewWith(parts, {
        cutHistory: () => ({ version: 0n, appliedAt: null, liftedAt: null }),
      }),
  },
  'cuts on stale usage': {
    parts: (parts, world) => ({
      ...parts,
      freshness: {
        look: () => Promise.resolve(),
        caughtUpAt: () => world.now,
      } as unknown as ThrottleParts['freshness'],
      reader: overlaid(parts.reader, {
        async newest() {
          const snapshot = await parts.reader.newest();
          const newestUsage = (): Promise<ReadonlyMap<string, bigint>> =>
            Promise.resolve(new Map(applications.map((id) => [id, world.now])));
          return snapshot && overlaid(snapshot, { newestUsage });
        },
      }),
    }),
  },
  'spend that is foreseen': {
    parts: (parts) => ({
      ...parts,
      ledger: {
        async *lines(version, question) {
          for await (const line of parts.ledger.lines(version, question)) {
            yield line.cost === null ? line : { ...line, cost: foreseen(line.cost) };
          }
        },
      },
    }),
  },
  "other projects' spend": {
    parts: (parts) => ({
      ...parts,
      ledger: {
        lines: (version, question) =>
          parts.ledger.lines(version, {
            ...question,
            scope: { ...question.scope, project: null },
          }),
      },
    }),
  },
  'a cut of what is cut already': {
    command: (command) => {
      if (!isCut(command)) return command;
      const cuts = command.data['cutBasisPoints'] as readonly number[];
      const { figures } = command.data['evidence'] as { figures: Record<string, string> };
      if (Number(figures['step']) === 0) return command;
      const compounded = cuts.map((each) => each + Math.floor(((10_000 - each) * each) / 10_000));
      return changed(command, { cutBasisPoints: compounded });
    },
  },
  'no floors': {
    command: (command) =>
      isCut(command) ? changed(command, { floorBasisPoints: [0, 0, 0, 0, 0] }) : command,
  },
  'lifts that nobody carries out': {
    command: (command) => (command.type === 'LiftHaircut' ? null : command),
  },
  'pages that nobody asks for': {
    command: (command) => (command.type === 'ApplyHaircut' ? null : command),
  },
  'intents that only who made them carries out': {
    parts: (parts) => {
      const own = new Set<string>();
      const { desk, view } = parts;
      const post: typeof desk.post = async (subject, command) => {
        const answer = await desk.post(subject, command);
        own.add(String(answer.outcome?.['result']));
        return answer;
      };
      const organizations: LogView['organizations'] = () =>
        view.view.organizations().map((state) => ({
          ...state,
          cuts: new Map([...state.cuts].filter(([, { cutId }]) => own.has(cutId.toString()))),
        }));
      return viewWith({ ...parts, desk: overlaid(desk, { post }) }, { organizations });
    },
  },
};

/** As if what was spent by half of the window were all of it. */
function foreseen(cost: string): string {
  return (Number(cost) * 1.5).toFixed(12);
}
