/** Short files that take long, by the end of their names; elsewhere length and time go together. */
export const longFiles: readonly string[] = [
  'packages/kafka-port/src/kafkajs/kafkajs.int.spec.ts',
  'rightsizer/src/service/throttleLoop.int.spec.ts',
  'command-service/src/writer/exactlyOnce1.sim.spec.ts',
  'command-service/src/writer/exactlyOnce2.sim.spec.ts',
  'command-service/src/writer/exactlyOnce3.sim.spec.ts',
  'infra/test/chaos.e2e.spec.ts',
  'enforcer-relay/test/fleetShares.e2e.spec.ts',
  'command-service/test/writerKilled.e2e.spec.ts',
];

export interface TestFile {
  readonly moduleId: string;
  readonly project: { readonly name: string };
}

const isLong = ({ moduleId }: TestFile): boolean => longFiles.some((end) => moduleId.endsWith(end));

/** The long ones first of each project, the others as they were; projects stay in their order. */
export function longestFirst<T extends TestFile>(files: readonly T[]): T[] {
  return [...Map.groupBy(files, ({ project }) => project.name).values()].flatMap((ofProject) => [
    ...ofProject.filter(isLong),
    ...ofProject.filter((file) => !isLong(file)),
  ]);
}
