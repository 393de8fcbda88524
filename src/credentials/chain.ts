import { variableSource } from './sources/variable.ts';
import type { CredentialSourcesOptions } from './sources/options.ts';
import { authFiles } from '../config/containers/auth-files.ts';
import { AppError } from '../errors/app-error.ts';
import type { CallOptions } from '../util/abort.ts';
import { regclientSource } from './sources/regclient.ts';
import { fileSource, type FileSourceOptions } from './sources/auth-file.ts';
import { flagSource, type CredentialFlags } from './sources/flags.ts';
import { createHelperRunner } from './helpers/process.ts';
import { containersHelpers, helperSource } from './sources/containers-helpers.ts';
import { createSharedLookup } from '../util/shared-lookup.ts';
import { sameRegistry } from './keys.ts';
import { describeLookup, lookupInOrder } from './chain-lookup.ts';
import type {
  Credential,
  CredentialSource,
  LookupStep,
  TraceableCredentialChain,
} from './types.ts';

/** Where credentials come from. */
export interface CredentialChainOptions extends CredentialSourcesOptions {
  readonly flags: CredentialFlags;
  /** The registry that the command names on this side; if set, the options apply only to it. */
  readonly registry?: string | undefined;
  /** Gets one line per lookup: which sources were asked, and which answered. Never a secret. */
  readonly trace?: ((line: string) => void) | undefined;
}

/**
 * Creates the credential sources of one side of a command, in order of precedence. Files are read
 * and helpers run only at the first lookup.
 * @throws AppError USAGE for contradicting options
 * @example
 * import { homedir, platform } from 'node:os';
 * import { createCredentialChain } from '@regctl/cli/registry';
 *
 * const credentials = createCredentialChain({
 *   flags: {},
 *   env: process.env,
 *   home: homedir(),
 *   os: platform(),
 *   warn: console.warn,
 * });
 * console.log((await credentials.lookup('docker.io')) === undefined ? 'no login' : 'a login');
 */
export function createCredentialChain(options: CredentialChainOptions): TraceableCredentialChain {
  const helperAnswers = createSharedLookup<Credential | undefined>();
  const answers = createSharedLookup<Credential | undefined>();
  const sources = orderedSources(options, (key, ask, call) => helperAnswers.get(key, ask, call));
  const warn = sayOnce(options.warn);

  const ask = async (
    host: string,
    repository: string | undefined,
    call: CallOptions,
  ): Promise<Credential | undefined> => {
    const steps: LookupStep[] = [];
    try {
      const { credential, warnings } = await lookupInOrder(
        sources,
        { host, repository },
        steps,
        call,
      );
      if (credential === undefined) for (const text of warnings) warn(text);
      return credential;
    } finally {
      options.trace?.(describeLookup({ host, repository }, steps));
    }
  };
  const forget = (host: string): void => {
    const isStale = (key: string): boolean => sameRegistry(key.split(' ', 1)[0] ?? '', host);
    helperAnswers.forget(isStale);
    answers.forget(isStale);
  };

  return {
    lookup: (host, repository, call) =>
      answers.get(
        `${host} ${repository ?? ''}`,
        (signal) => ask(host, repository, { signal }),
        call,
      ),
    forget,
    describeSources: () => sources.map((source) => source.name),
    async explain(host, repository, call = {}) {
      const steps: LookupStep[] = [];
      try {
        await lookupInOrder(sources, { host, repository }, steps, call);
      } catch (error) {
        call.signal?.throwIfAborted();
        if (!(error instanceof AppError)) throw error;
      }
      return steps;
    },
  };
}

/**
 * The ordered list: options; then only a named file, or else the variable and the files of Docker
 * and containers, surrounded by the helpers of registries.conf; last regclient's file.
 */
function orderedSources(
  options: CredentialChainOptions,
  lookupOnce: FileSourceOptions['lookupOnce'],
): readonly CredentialSource[] {
  const flags = flagSource(options.flags, options.registry);
  if (options.flags.noCreds === true) return [];
  const files = authFiles(options);
  const run =
    options.runHelper ??
    createHelperRunner({
      env: options.env,
      bundled: options.bundledHelpers,
      beginWait: options.beginWait,
    });
  const listed = containersHelpers(options, files, run);
  const read = listed.includesFiles ? files : [];
  return [
    ...(flags === undefined ? [] : [flags]),
    ...(files.some((file) => file.named) ? [] : variableSource(options)),
    ...listed.before.map((helper) => helperSource(helper, lookupOnce)),
    ...read.map((file) => fileSource(file, { run, warn: options.warn, lookupOnce })),
    ...listed.after.map((helper) => helperSource(helper, lookupOnce)),
    ...(files.some((file) => file.named) || options.configDir !== undefined
      ? []
      : regclientSource(options)),
  ];
}

/** Reports each text only once. */
function sayOnce(say: (text: string) => void): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (said.has(text)) return;
    said.add(text);
    say(text);
  };
}
