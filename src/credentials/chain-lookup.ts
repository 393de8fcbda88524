import { AppError } from '../errors/app-error.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Credential, CredentialSource, LookupStep } from './types.ts';

interface LookupTarget {
  readonly host: string;
  readonly repository: string | undefined;
}

interface LookupResult {
  readonly credential: Credential | undefined;
  /** Warnings of the sources that had no answer. */
  readonly warnings: readonly string[];
}

/**
 * Asks the sources in order until one answers, and records each answer in `steps`.
 * @throws what the first source that fails throws, after recording it in `steps`
 */
export async function lookupInOrder(
  sources: readonly CredentialSource[],
  { host, repository }: LookupTarget,
  steps: LookupStep[],
  options: CallOptions,
): Promise<LookupResult> {
  const warnings: string[] = [];
  for (const [index, source] of sources.entries()) {
    try {
      const { credential, detail, warning } = await source.get(host, repository, options);
      const answered = credential !== undefined;
      steps.push({ source: source.name, asked: true, answered, failed: false, detail });
      if (warning !== undefined) warnings.push(warning);
      if (!answered) continue;
      steps.push(...skippedSteps(sources.slice(index + 1), `${source.name} answered`));
      return { credential, warnings };
    } catch (error) {
      const detail = error instanceof AppError ? error.message : 'it was interrupted';
      steps.push({ source: source.name, asked: true, answered: false, failed: true, detail });
      steps.push(...skippedSteps(sources.slice(index + 1), `${source.name} failed`));
      throw error;
    }
  }
  return { credential: undefined, warnings };
}

function skippedSteps(sources: readonly CredentialSource[], detail: string): readonly LookupStep[] {
  return sources.map(({ name }) => ({
    source: name,
    asked: false,
    answered: false,
    failed: false,
    detail,
  }));
}

/** "credentials of quay.io/team/app: --creds: …; /home/ann/.docker/config.json answers by …". */
export function describeLookup(
  { host, repository }: LookupTarget,
  steps: readonly LookupStep[],
): string {
  const subject = repository === undefined ? host : `${host}/${repository}`;
  const asked = steps
    .filter((step) => step.asked)
    .map(({ source, answered, failed, detail }) =>
      answered
        ? `${source} answers ${detail}`
        : `${source}: ${failed ? 'failed: ' : ''}${detail.replaceAll('\n', ' ')}`,
    );
  const none = steps.some((step) => step.answered || step.failed) ? [] : ['none'];
  return `credentials of ${subject}: ${[...asked, ...none].join('; ')}`;
}
