/**
 * Key of the record that is written after an application's rules (`RuleSetComplete`). A quota's id
 * has no `$`, so that it is the key of no rule.
 */
export const COMPLETE_KEY = '$complete';
