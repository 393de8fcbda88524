import { AppError } from '../../errors/app-error.ts';
import { parseReference } from '../../reference/parse.ts';

/** Whether a reference, with or without a tag, is in this repository; docker.io may be left out. */
export function isRepository(reference: string | undefined, repository: string): boolean {
  const named = reference === undefined ? undefined : repositoryOf(reference);
  return named !== undefined && named === repositoryOf(repository);
}

/** The full name of the repository; `undefined` if the text is not a reference. */
export function repositoryOf(text: string): string | undefined {
  try {
    const { registry, repository } = parseReference(text);
    return `${registry}/${repository}`;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
