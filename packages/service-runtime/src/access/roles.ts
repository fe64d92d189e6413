/** Every role there is, with what it is for. What each may call stands in `routeRules` and `commandRoles`. */
export const roleMeanings = {
  admin: 'runs Prorata: registers applications, defines money and policies, may do all',
  operator: 'runs applications: changes any quota, approves proposals',
  member: 'a person or service of a group that owns quotas; the owner’s rights decide the rest',
  auditor: 'reads everything, changes nothing',
  host: 'reads the rules of its one application and reports usage',
  robot: 'resizes and cuts by evidence, in bounded steps; never approves',
} as const;

export type Role = keyof typeof roleMeanings;

export const roles = Object.keys(roleMeanings) as readonly Role[];

export function isRole(name: unknown): name is Role {
  return typeof name === 'string' && Object.hasOwn(roleMeanings, name);
}
