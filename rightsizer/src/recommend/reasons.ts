/** Why a limit should be where it should be: one table, which status, evidence and docs take their words from. */
export const reasonMeanings = {
  REFUSED: 'requests were refused or queued since the limit was set',
  SHORT: 'more was wanted in the newest steps than the limit lets through',
  SEASON: 'what is usual at this time of the day and the week in what lies ahead',
  LEVEL: 'how high the last days went, whatever the time of day',
  GROWTH: 'what is wanted grows from day to day',
  RECENT: 'the newest slots were higher than what is expected',
  UNUSED: 'what is wanted and its margin leave room',
  HIGHEST_SEEN:
    'the resource cannot be squeezed, or a shortage is dear: never under the highest that was seen',
  LIMITED_BY_STEP: 'a longer way than one step may go; the rest follows',
  LIMITED_BY_SANITY: 'never further above the highest that was seen than the policy allows',
} as const;

/** Why a limit is left as it is. */
export const skipMeanings = {
  NO_DATA: 'nothing is known of what was wanted, and nothing was refused',
  WARMING_UP: 'less is known than a limit may rest on; refusals raise it all the same',
  USAGE_STALE: 'what is known, of all or of this limit, ends too long ago',
  WITHIN_DEADBAND: 'the limit is near enough to where it should be',
  DWELLING: 'it was changed a short while ago; only a shortage moves it now',
  TOO_LITTLE_EVIDENCE:
    'too little is known of the newest slots to lower it; what cannot be squeezed needs longer evidence',
  REFUSED_IN_EVIDENCE: 'something was refused or queued lately: no time to lower',
} as const;

export type ReasonCode = keyof typeof reasonMeanings;
export type SkipCode = keyof typeof skipMeanings;
