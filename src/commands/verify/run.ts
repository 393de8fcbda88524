import { resolve } from 'node:path';
import { readTextFile } from '../../config/files/text.ts';
import { AppError } from '../../errors/app-error.ts';
import { identityMatcher, type IdentityRule } from '../../signing/keyless/identity.ts';
import { trustIdentities } from '../../signing/keyless/trust.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Location } from '../../transports/types.ts';
import { predicateTypeOf, SIGNATURE_PREDICATE } from '../../signing/formats/types.ts';
import { trustKeys } from '../../signing/keys/public.ts';
import type { Demand, Trusted } from '../../signing/types.ts';
import { chainOf } from '../../signing/verify/chain.ts';
import { repositoryOf } from '../../signing/verify/repository.ts';
import { counts, verifyChain } from '../../signing/verify/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readPublicKeys } from '../../signing/keys/read-key.ts';
import { requestedPlatform } from '../input/platform.ts';
import {
  parseAnnotations,
  readArgument,
  readList,
  readText,
  rejectTogether,
} from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { verifiedJson, verifiedPage, type Verified } from './page.ts';

type VerifyContext = Pick<
  Context,
  'cwd' | 'env' | 'flags' | 'hostPlatform' | 'locate' | 'openRead' | 'requireTrusted' | 'warn'
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
  const platform = requestedPlatform(context);
  if (context.flags.policy !== undefined || context.flags.verifyKeys.length > 0) {
    return byPolicy(context, input, { location, demand, platform }, options);
  }
  const trusted = await trustedOf(context, input);
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

/** By `--policy`, which says itself whose signature counts. @throws AppError POLICY_REJECTED */
async function byPolicy(
  context: VerifyContext,
  input: Input,
  { location, demand, platform }: Asked,
  options: CallOptions,
): Promise<Result> {
  for (const [name, flag] of NOT_WITH_POLICY) {
    const value = input.options[name];
    const isGiven = value !== undefined && !(Array.isArray(value) && value.length === 0);
    rejectTogether({ '--policy': true, [flag]: isGiven });
  }
  const platforms = platform === undefined ? [] : [platform];
  const trusted = await context.requireTrusted(location, { ...options, platforms });
  if (trusted === undefined) {
    const json = { Image: location.text, Verified: false, Accepted: true };
    return { kind: 'value', json, text: () => `${location.text} is accepted without a signature` };
  }
  const { chain, verdicts } = trusted;
  const verified: Verified = { image: location.text, chain, demand, verdicts };
  return {
    kind: 'value',
    json: verifiedJson(verified),
    text: (style) => verifiedPage(verified, style),
  };
}

/** What a policy says itself. */
const NOT_WITH_POLICY = [
  ['key', '--key'],
  ['type', '--type'],
  ['annotation', '--annotation'],
  ['requireRepository', '--require-repository'],
  ['certificateIdentity', '--certificate-identity'],
  ['certificateIdentityRegexp', '--certificate-identity-regexp'],
  ['trustedRoot', '--trusted-root'],
] as const;

interface Asked {
  readonly location: Location;
  readonly demand: Demand;
  readonly platform: Platform | undefined;
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
  const byCertificate = certificateRule(input);
  rejectTogether({
    '--key': keys.length > 0,
    '--certificate-identity': byCertificate !== undefined,
  });
  if (keys.length > 0) return trustKeys(await readPublicKeys(context, keys));
  if (byCertificate !== undefined) return trustedRule(context, input, byCertificate);
  throw new AppError('USAGE', 'verify needs to know whose signature counts', {
    hint: 'Name a public key: --key cosign.pub. Or a policy: --policy FILE',
  });
}

/** Undefined if nothing about certificates is asked for. */
function certificateRule(input: Input): IdentityRule | undefined {
  const rule = {
    identity: {
      exact: readText(input, 'certificateIdentity'),
      regexp: readText(input, 'certificateIdentityRegexp'),
    },
    issuer: {
      exact: readText(input, 'certificateOidcIssuer'),
      regexp: readText(input, 'certificateOidcIssuerRegexp'),
    },
  };
  const { identity, issuer } = rule;
  const given = [identity.exact, identity.regexp, issuer.exact, issuer.regexp];
  rejectTogether({
    '--certificate-identity': identity.exact !== undefined,
    '--certificate-identity-regexp': identity.regexp !== undefined,
  });
  rejectTogether({
    '--certificate-oidc-issuer': issuer.exact !== undefined,
    '--certificate-oidc-issuer-regexp': issuer.regexp !== undefined,
  });
  return given.every((one) => one === undefined) ? undefined : rule;
}

async function trustedRule(
  { cwd }: VerifyContext,
  input: Input,
  rule: IdentityRule,
): Promise<Trusted> {
  // What is missing in the rule is said first.
  await identityMatcher(rule);
  const file = readText(input, 'trustedRoot');
  if (file === undefined) {
    throw new AppError('USAGE', 'certificates need a --trusted-root FILE', {
      hint: 'Write one: gh attestation trusted-root > root.jsonl',
    });
  }
  const read = await readTextFile(resolve(cwd, file));
  if (read !== undefined) return trustIdentities([rule], { text: read.text, file });
  throw new AppError('CONFIG_INVALID', `cannot read the trusted root ${file}: it does not exist`, {
    hint: 'Write one: gh attestation trusted-root > root.jsonl',
  });
}
