import { stage } from '../scenario.ts';
import type { DemoContext } from '../context.ts';
import type { Step } from '../timeline.ts';

/** An application, its quotas, prices, a tier policy and a budget; and three hosts that enforce. */
export const setTheStage: Step<DemoContext> = {
  key: 'stage',
  title: 'commands became events, and three host processes enforce the rules',
  async run({ client, hosts, workload, startedAt }) {
    const commands = stage(workload, startedAt);
    for (const command of commands) await client.accept(command, 'demo: setting the stage');
    const ready = await Promise.all(hosts.map((host) => host.ready()));
    return {
      held: ready.every(({ rules }) => rules > 0),
      lines: [
        `${commands.length} commands accepted`,
        ...hosts.map(
          ({ options }, index) =>
            `${options.hostId}: ${ready[index]?.rules ?? 0} rules from ${ready[index]?.source ?? ''}`,
        ),
      ],
      figures: { commands: commands.length, hosts: hosts.length },
    };
  },
};
