import { CommandError } from '../commandError.ts';

/** @throws CommandError always: nothing keeps which hosts there are */
export function hosts(): Promise<number> {
  return Promise.reject(
    new CommandError(
      'Which hosts there are, and which version each has applied, is kept nowhere yet: hosts report to the topic ' +
        'host.reports, and no read model of it exists. What they are given: GET /v1/rules/<application>; what they ' +
        'report: any Kafka client (docs/how-to/read-a-topic-with-your-own-client.md).',
    ),
  );
}
