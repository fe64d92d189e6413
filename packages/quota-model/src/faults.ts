/** The log and the model disagree: the partition must stop, since to go on would decide from a wrong state. */
export class BrokenStream extends Error {
  readonly stream: string;
  readonly streamVersion: bigint;
  readonly eventType: string;

  constructor(
    event: {
      readonly type: string;
      readonly value: {
        readonly envelope: { readonly stream: string; readonly streamVersion: bigint };
      };
    },
    problem: string,
  ) {
    const { stream, streamVersion } = event.value.envelope;
    super(`${event.type} at version ${streamVersion.toString()} of ${stream}: ${problem}`);
    this.name = 'BrokenStream';
    this.stream = stream;
    this.streamVersion = streamVersion;
    this.eventType = event.type;
  }
}

/** A snapshot's text that this version of the model cannot read: ignore the snapshot and replay. */
export class UnreadableState extends Error {
  constructor(problem: string, options?: ErrorOptions) {
    super(`The state's text cannot be read: ${problem}`, options);
    this.name = 'UnreadableState';
  }
}
