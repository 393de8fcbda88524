import type { Credential } from '../../credentials/types.ts';
import type { Mirror, RepositoryLocation } from '../../config/containers/types.ts';
import type { FreshAuthorization } from '../../http/probe/fresh-authorization.ts';
import type { AuthChallenge } from '../../http/auth/challenge.ts';
import type { ConnectionReport } from '../../http/probe/connection-report.ts';
import type { Probe } from '../../http/probe/probe.ts';
import type { ResponseHeaders } from '../../http/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';

export type DoctorContext = Pick<
  Context,
  | 'captureWarnings'
  | 'now'
  | 'machine'
  | 'http'
  | 'warn'
  | 'probe'
  | 'registries'
  | 'env'
  | 'flags'
  | 'endpoint'
  | 'reference'
  | 'credentials'
>;

export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

/** Facts that checks find for later checks. */
export interface CheckFacts {
  /** The name on the command line. */
  readonly target: CheckTarget;
  /** Where the name leads: the host whose connection is checked. */
  readonly location: RepositoryLocation;
  readonly mirrors: readonly Mirror[];
  readonly probe: Probe;
  /** The URL that is dialed, and the settings that apply to it. */
  readonly route: { readonly url: URL; readonly connection: ConnectionReport };
  readonly resolved: true;
  readonly reached: true;
  /** Base URL of the v2 API. */
  readonly base: URL;
  /** The TLS handshake succeeded, or plain HTTP is used. */
  readonly secured: true;
  readonly answer: AnonymousAnswer;
  /** The challenge of the registry; `none` if anyone can read. */
  readonly challenge: AuthChallenge | 'none';
  readonly login: Credential | 'none';
  readonly authorization: FreshAuthorization | 'none';
}

export interface CheckTarget {
  readonly registry: string;
  /** Absent for the whole registry. */
  readonly repository: string | undefined;
}

/** The registry's answer to a request without credentials. */
export interface AnonymousAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly challenge: AuthChallenge | undefined;
  /** Midpoint of request and answer by this machine's clock, in milliseconds since the epoch. */
  readonly at: number;
}

export type FactName = keyof CheckFacts;
type Known<K extends FactName, U extends FactName> = Pick<CheckFacts, K | 'target'> &
  Partial<Pick<CheckFacts, U>>;

export interface CheckResult {
  readonly verdict: Verdict;
  /** One or more lines; may contain remote text, which is sanitized when printed. */
  readonly detail: string | readonly string[];
  /** How to fix what failed. */
  readonly hint?: string | undefined;
  readonly facts?: Partial<CheckFacts> | undefined;
}

export interface Check {
  readonly name: string;
  /** The check is skipped without these. */
  readonly needs: readonly FactName[];
  readonly gives: readonly FactName[];
  /** @throws AppError, which makes the check fail */
  run(
    facts: Partial<CheckFacts>,
    context: DoctorContext,
    options: CallOptions,
  ): Promise<CheckResult>;
}

/** Defines a check whose function receives the facts it needs, and those it uses if known. */
export function defineCheck<K extends FactName, U extends FactName = never>(spec: {
  readonly name: string;
  readonly needs: readonly K[];
  readonly uses?: readonly U[];
  readonly gives: readonly FactName[];
  readonly run: (
    facts: Known<K, U>,
    context: DoctorContext,
    options: CallOptions,
  ) => Promise<CheckResult>;
}): Check {
  return {
    ...spec,
    // `runChecks` runs a check only if all facts that it needs are known.
    run: (facts, context, options) => spec.run(facts as Known<K, U>, context, options),
  };
}

/** "docker.io", "quay.io/team/app". */
export function labelOf({ registry, repository }: CheckTarget): string {
  return repository === undefined || repository === '' ? registry : `${registry}/${repository}`;
}
