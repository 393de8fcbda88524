import { AppError } from '../../errors/app-error.ts';
import { predicateTypeOf, SIGNATURE_PREDICATE } from '../../signing/formats/types.ts';
import { trustKeys } from '../../signing/keys/public.ts';
import type { Demand, Trusted } from '../../signing/types.ts';
import { chainOf } from '../../signing/verify/chain.ts';
import { repositoryOf } from '../../signing/verify/repository.ts';
import { counts, verifyChain } from '../../signing/verify/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readPublicKeys } from '../input/key.ts';
import { requestedPlatform } from '../input/platform.ts';
import { parseAnnotations, readArgument, readList, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { verifiedJson, verifiedPage, type Verified } from './page.ts';

type VerifyContext = Pick<
  Context,
  'cwd' | 'env' | 'flags' | 'hostPlatform' | 'locate' | 'openRead' | 'warn'
>;

/**
 * Verifies the signatures or attestations of an image: exit status 3 if none counts.
 * @throws AppError USAGE; CONFIG_INVALID for a key; whatever prevents looking
 */
export async function run(
  context: VerifyContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const demand = demandOf(input);
  const trusted = await trustedOf(context, input);
  const platform = requestedPlatform(context);
  await using store = await context.openRead(location, 'single', options);
  const chain = await chainOf(store, location.ref, {
    ...options,
    platform,
    host: context.hostPlatform,
  });
  const { concurrency } = context.flags;
  const verdicts = await verifyChain(
    store,
    chain,
    { demand, trusted },
    { ...options, concurrency },
  );
  const verified: Verified = { image: location.text, chain, demand, verdicts };
  return {
    kind: 'value',
    json: verifiedJson(verified),
    text: (style) => verifiedPage(verified, style),
    exit: verdicts.some(counts) ? 0 : 3,
  };
}

function demandOf(input: Input): Demand {
  const type = readText(input, 'type');
  const repository = readText(input, 'requireRepository');
  if (repository !== undefined && repositoryOf(repository) === undefined) {
    throw new AppError('USAGE', `--require-repository: "${repository}" is not a repository`);
  }
  return {
    predicateType: type === undefined ? SIGNATURE_PREDICATE : predicateTypeOf(type),
    annotations: parseAnnotations(readList(input, 'annotation')),
    repository,
  };
}

async function trustedOf(context: VerifyContext, input: Input): Promise<Trusted> {
  const keys = readList(input, 'key');
  if (keys.length > 0) return trustKeys(await readPublicKeys(context, keys));
  throw new AppError('USAGE', 'verify needs to know whose signature counts', {
    hint: 'Name a public key: --key cosign.pub',
  });
}
