import type { LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import type { LogView } from '../view/logView.ts';
import type { ThrottleParts } from '../throttle/throttle.ts';
import { overlaid } from './overlaid.ts';
import type { Planting } from './throttleProcess.ts';
import { DAY } from './simulatedWorld.ts';
import { applications, projects } from './throttleWorld.ts';

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

/** @param times how often each unit is counted then: what is off beside the table would be found */
function ledgerWith(
  { ledger }: ThrottleParts,
  change: (line: ChargeLine) => readonly ChargeLine[],
  times = 1n,
): ThrottleParts['ledger'] {
  return {
    book: (id, decidedBy) => ledger.book(id, decidedBy),
    closedUntil: (organization, priceBook) => ledger.closedUntil(organization, priceBook),
    sharing(version) {
      const shared = ledger.sharing(version);
      const changed = async function* (
        question: Parameters<typeof shared.lines>[0],
      ): AsyncGenerator<ChargeLine> {
        for await (const line of shared.lines(question)) yield* change(line);
      };
      return overlaid(shared, {
        lines: changed,
        linesOfOne: changed,
        async used(edges, payers) {
          const sums = await shared.used(edges, payers);
          return new Map([...sums].map(([id, used]) => [id, used.map((each) => each * times)]));
        },
      });
    },
  };
}

let drawn = 0;

function changed(command: LoopCommand, data: object): LoopCommand {
  return { ...command, data: { ...command.data, ...data } };
}

const isCut = ({ type, data }: LoopCommand): boolean =>
  type === 'BeginCut' && data['lift'] === null;

type PlantedFault = Required<Pick<Planting, 'found'>> & Planting;

/** Each is a throttle with one guard less; the laws must find it, by the law that is about it. */
export const plantedFaults: Readonly<Record<string, PlantedFault>> = {
  'ids that do not follow from the decision': {
    found: /intended twice/,
    command: (command) => {
      drawn += 1;
      return { ...command, commandId: derivedId('drawn', drawn) };
    },
  },
  'no cool-down': {
    found: /soon after a lift/,
    parts: (parts) => throttlePolicyWith(parts, { cooldownMs: 0 }),
  },
  'no rest between steps': {
    found: /without a rest/,
    parts: (parts) => throttlePolicyWith(parts, { escalationMs: 0 }),
  },
  'a memory of lifts that ends with the process': {
    found: /soon after a lift/,
    parts: (parts) =>
      viewWith(parts, {
        cutHistory: () => ({ version: 0n, appliedAt: null, liftedAt: null }),
      }),
  },
  'cuts on stale usage': {
    found: /step .* has not read what came long ago/,
    parts: (parts, world) => ({
      ...parts,
      freshness: {
        look: () => Promise.resolve(),
        caughtUpAt: () => world.now,
      } as unknown as ThrottleParts['freshness'],
      reader: overlaid(parts.reader, {
        async newest() {
          const snapshot = await world.table.reader(() => world.now - DAY).newest();
          const newestUsage = (): Promise<ReadonlyMap<string, bigint>> =>
            Promise.resolve(new Map(applications.map((id) => [id, world.now])));
          return snapshot && overlaid(snapshot, { newestUsage });
        },
      }),
    }),
  },
  'spend that is foreseen': {
    found: /step \d says .* spent is/,
    parts: (parts) => ({
      ...parts,
      // Without a price nothing says that the money is not the units' own.
      ledger: ledgerWith(parts, (line) =>
        line.cost === null ? [line] : [{ ...line, price: null, cost: foreseen(line.cost) }],
      ),
    }),
  },
  "other projects' spend": {
    found: /step \d says .* spent is/,
    parts: (parts) => ({
      ...parts,
      ledger: ledgerWith(
        parts,
        (line) => projects.map((project) => ({ ...line, project })),
        BigInt(projects.length),
      ),
    }),
  },
  'a cut of what is cut already': {
    found: /otherwise than the policy says/,
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
    found: /has other floors/,
    command: (command) =>
      isCut(command) ? changed(command, { floorBasisPoints: [0, 0, 0, 0, 0] }) : command,
  },
  'lifts that nobody carries out': {
    found: /is still cut/,
    command: (command) => (command.type === 'LiftHaircut' ? null : command),
  },
  'pages that nobody asks for': {
    found: /is not cut/,
    command: (command) => (command.type === 'ApplyHaircut' ? null : command),
  },
  'intents that only who made them carries out': {
    found: /was never carried out/,
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
