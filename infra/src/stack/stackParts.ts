/** The parts that services stand on, and the services, in the order in which they are of use. */
export const backingNames = ['kafka', 'registry', 'postgres'] as const;
export const serviceNames = ['writer', 'gateway', 'projector', 'relay', 'rightsizer'] as const;
export const partNames = [...backingNames, ...serviceNames] as const;

export type BackingName = (typeof backingNames)[number];
export type ServiceName = (typeof serviceNames)[number];
export type PartName = (typeof partNames)[number];

export type Ports = Readonly<Record<PartName, number>>;

/** Where each part listens when the port is free: what its documentation makes people expect. */
export const usualPorts: Ports = {
  kafka: 9092,
  registry: 8081,
  postgres: 5432,
  writer: 8085,
  gateway: 8080,
  projector: 8082,
  relay: 8083,
  rightsizer: 8084,
};

/** Each service's program, below the checkout, and its arguments. */
export const servicePrograms: Readonly<Record<ServiceName, readonly string[]>> = {
  writer: ['command-service/src/main.ts', '--role', 'writer'],
  gateway: ['command-service/src/main.ts', '--role', 'gateway'],
  projector: ['projector/src/main.ts'],
  relay: ['enforcer-relay/src/main.ts'],
  rightsizer: ['rightsizer/src/main.ts'],
};

export function isPartName(name: string): name is PartName {
  return (partNames as readonly string[]).includes(name);
}

export function isService(name: PartName): name is ServiceName {
  return (serviceNames as readonly string[]).includes(name);
}

/** How a part is asked to end; see `startPostgres` for the exception. */
export function stopSignalOf(part: PartName): NodeJS.Signals {
  return part === 'postgres' ? 'SIGINT' : 'SIGTERM';
}
