import type { WebhookSettings } from '@prorata/quota-model';
import type { DispatcherType } from '../dispatcher.ts';
import { formatNamed } from '../formats.ts';
import { settingsOf } from '../settingsOf.ts';
import { webhookPlace } from './webhookPlace.ts';

/** The rules, or what a module of the operator's makes of them, to whoever listens at an address. */
export const webhookDispatcher: DispatcherType = {
  kind: 'webhook',
  format: (dispatcher) => formatNamed((settingsOf(dispatcher) as WebhookSettings).format),
  place(dispatcher, access) {
    const { readBack = false } = settingsOf(dispatcher) as WebhookSettings;
    const { name, target, secretRef } = dispatcher;
    return webhookPlace({ url: new URL(target), dispatcher: name, secretRef, readBack }, access);
  },
};
