// A format of one's own: rates as lines of CSV. Pure: no clock, no files, the same set gives the same text.
const HEAD = 'quota,resource,per_second';

const linesOf = (text) => text.trimEnd().split('\n').slice(1);

export default {
  name: 'csv',

  // What the target gets; { kind: 'refused', reasons: [...] } where it cannot hold what is meant.
  render({ quotas }) {
    const lines = quotas.flatMap(({ rule }) =>
      rule.limits
        .filter(({ kind, bound }) => kind === 'rate' && bound !== 'unlimited')
        .map(({ resource, bound, amount, perMicros }) => {
          // Rounded down: no step on the way may make a limit looser.
          const perSecond = bound === 'blocked' ? 0n : (amount * 1_000_000n) / perMicros;
          return `${rule.quotaId},${resource},${perSecond}`;
        }),
    );
    return { kind: 'text', text: `${[HEAD, ...lines].join('\n')}\n`, notes: [] };
  },

  // What the target would refuse, or misread, in a text.
  check: (text) => (text.startsWith(`${HEAD}\n`) ? [] : ['The first line is another.']),

  // What the target lets through by the text, in micro-units a second. Read the text, do not ask `render`: the two
  // are compared with the rules before each write.
  held: (text) =>
    linesOf(text).map((line) => {
      const [quotaId, resource, perSecond] = line.split(',');
      return { quotaId, resource, most: BigInt(perSecond) * 1_000_000n };
    }),
};
