import type { CommandOutcome } from '@prorata/schemas';

/** `unknown`: the command may be decided yet; the same id asks for it, and sends it again safely. */
export type Submitted =
  | { readonly kind: 'decided'; readonly outcome: CommandOutcome }
  | { readonly kind: 'unknown'; readonly commandId: string };
