import { CommandError } from '../commandError.ts';
import { checkDocument } from './checkDocument.ts';
import type { Declaration } from './declaration.ts';
import { FileFaults } from './fileFaults.ts';
import { Gathering } from './gathering.ts';
import { readDocuments } from './readDocuments.ts';
import type { ReadDocument } from './readDocuments.ts';
import type { FileFault } from './place.ts';

/**
 * What files declare, as one.
 * @throws FileFaults with everything that is wrong in them, and CommandError when they declare nothing
 */
export async function readDeclaration(paths: readonly string[]): Promise<Declaration> {
  const { documents, faults } = await readDocuments(paths);
  if (faults.length > 0) throw new FileFaults(faults);
  const declaration = declarationOf(documents);
  if (!isEmpty(declaration)) return declaration;
  throw new CommandError(
    `${paths.join(', ')} declares nothing: docs/how-to/declare-quotas-in-a-file.md says what a file has.`,
  );
}

/** That all is as it is declared would be true of an empty file, and is not what anybody meant. */
function isEmpty({ priceBooks, tierPolicies, organizations, applications }: Declaration): boolean {
  const things = priceBooks.size + tierPolicies.size + organizations.length + applications.length;
  return things === 0;
}

/** @throws FileFaults with everything that is wrong in the documents */
export function declarationOf(documents: readonly ReadDocument[]): Declaration {
  const misshapen = documents.flatMap(shapeFaults);
  if (misshapen.length > 0) throw new FileFaults(misshapen);
  const gathering = new Gathering();
  for (const document of documents) gathering.add(document);
  return gathering.finish();
}

function shapeFaults(document: ReadDocument): readonly FileFault[] {
  return checkDocument(document.value).map(({ path, isKey, message }) => ({
    place: document.placeOf(path, isKey),
    message,
  }));
}
