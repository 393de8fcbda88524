import { AppError } from '../errors/app-error.ts';
import type { CallOptions } from '../store/types.ts';
import type { Credential, CredentialSource, SourceStep } from './types.ts';

interface Question {
  readonly host: string;
  readonly repository: string | undefined;
}

interface Finding {
  readonly credential: Credential | undefined;
  /** What the sources that had no answer want the user to know. */
  readonly warnings: readonly string[];
}

/**
 * Asks the sources in order until one answers, and writes into `steps` what each of them said.
 * @throws what the first source that fails throws; `steps` then tells of it too
 */
export async function inquire(
  sources: readonly CredentialSource[],
  { host, repository }: Question,
  steps: SourceStep[],
  options: CallOptions,
): Promise<Finding> {
  const warnings: string[] = [];
  for (const [index, source] of sources.entries()) {
    try {
      const { credential, detail, warning } = await source.get(host, repository, options);
      const answered = credential !== undefined;
      steps.push({ source: source.name, asked: true, answered, failed: false, detail });
      if (warning !== undefined) warnings.push(warning);
      if (!answered) continue;
      steps.push(...notAsked(sources.slice(index + 1), `${source.name} answered`));
      return { credential, warnings };
    } catch (error) {
      const detail = error instanceof AppError ? error.message : 'it broke off';
      steps.push({ source: source.name, asked: true, answered: false, failed: true, detail });
      steps.push(...notAsked(sources.slice(index + 1), `${source.name} failed`));
      throw error;
    }
  }
  return { credential: undefined, warnings };
}

function notAsked(sources: readonly CredentialSource[], detail: string): readonly SourceStep[] {
  return sources.map(({ name }) => ({
    source: name,
    asked: false,
    answered: false,
    failed: false,
    detail,
  }));
}

/** "credentials of quay.io/team/app: --creds: …; /home/ann/.docker/config.json answers by …". */
export function traceLine({ host, repository }: Question, steps: readonly SourceStep[]): string {
  const place = repository === undefined ? host : `${host}/${repository}`;
  const asked = steps
    .filter((step) => step.asked)
    .map(({ source, answered, failed, detail }) =>
      answered
        ? `${source} answers ${detail}`
        : `${source}: ${failed ? 'failed: ' : ''}${detail.replaceAll('\n', ' ')}`,
    );
  const none = steps.some((step) => step.answered || step.failed) ? [] : ['none'];
  return `credentials of ${place}: ${[...asked, ...none].join('; ')}`;
}
