import { createDatabase } from './createDatabase.ts';
import { provideQueryLogin } from './provideQueryLogin.ts';
import { provideUsageLogin } from './provideUsageLogin.ts';
import { addressesOf } from './stackPlan.ts';
import type { StackPlan } from './stackPlan.ts';

/** Makes the stack's database and the logins that its services have there; what is there already stays. */
export async function provideDatabase(plan: StackPlan): Promise<void> {
  const { postgres } = addressesOf(plan);
  await createDatabase(postgres.replace(/\/prorata$/, '/postgres'), 'prorata');
  await provideUsageLogin(postgres, plan.secrets.usagePassword);
  await provideQueryLogin(postgres, plan.secrets.queryPassword);
}
