import { pythonEnvironment } from './provision/pythonEnvironment.ts';
import type { FoundPython } from './provision/pythonEnvironment.ts';

/**
 * A Python with the validator of the FinOps Foundation, which has the rules of FOCUS 1.2.0.1 with it, or the reason
 * why there is none. Newer pyarrow asks for a newer numpy than the validator takes, and Python 3.13 has no such
 * numpy. Some 640 MB.
 */
export function pythonFocus(): Promise<FoundPython> {
  return pythonEnvironment({
    name: 'focus-validator-2.2.1',
    packages: ['focus-validator==2.2.1', 'pyarrow==19.0.1'],
    purpose: 'the validator of FOCUS',
    interpreter: 'python3.12',
  });
}
