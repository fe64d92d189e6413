type Parameters = Readonly<Record<string, string>>;

const PROPOSAL = /^(.+)-p\d+$/;

/** The stream of the thing that a path names: the first parameter here that the path has. */
const streams: readonly (readonly [parameter: string, streamOf: (value: string) => string])[] = [
  ['quotaId', (id) => `application:${id.split('/', 1)[0] ?? ''}`],
  ['organization', (id) => `organization:${id}`],
  ['application', (id) => `application:${id}`],
  // A proposal is named after its application and the version that opened it.
  ['proposalId', (id) => `application:${PROPOSAL.exec(id)?.[1] ?? ''}`],
  ['priceBook', (id) => `pricebook:${id}`],
  ['tierPolicy', (id) => `tierpolicy:${id}`],
];

/** @returns the stream, and the parameter that it follows from, for whoever got that one wrong */
export function resourceStream(parameters: Parameters): {
  readonly stream: string;
  readonly parameter: string;
} {
  for (const [parameter, streamOf] of streams) {
    const value = parameters[parameter];
    if (value !== undefined) return { stream: streamOf(value), parameter };
  }
  throw new TypeError('The path of a resource names what has a stream.');
}
