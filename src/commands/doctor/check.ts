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

/** What the checks find out for each other. */
export interface CheckFacts {
  /** The name that was asked about. */
  readonly target: CheckTarget;
  /** Where the name leads: the host whose connection is looked at. */
  readonly location: RepositoryLocation;
  readonly mirrors: readonly Mirror[];
  readonly probe: Probe;
  /** The URL that is dialled, and what applies to it. */
  readonly route: { readonly url: URL; readonly connection: ConnectionReport };
  readonly resolved: true;
  readonly reached: true;
  /** Base URL of the v2 API. */
  readonly base: URL;
  /** TLS is done, or none is wanted. */
  readonly secured: true;
  readonly answer: AnonymousAnswer;
  /** The challenge of the registry; 'none': anyone can read. */
  readonly challenge: AuthChallenge | 'none';
  readonly login: Credential | 'none';
  readonly authorization: FreshAuthorization | 'none';
}

export interface CheckTarget {
  readonly registry: string;
  /** Absent: the registry as a whole. */
  readonly repository: string | undefined;
}

/** How the registry answers somebody it does not know. */
export interface AnonymousAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly challenge: AuthChallenge | undefined;
  /** Milliseconds since the epoch, by this machine, between request and answer. */
  readonly at: number;
}

export type FactName = keyof CheckFacts;
type Known<K extends FactName, U extends FactName> = Pick<CheckFacts, K | 'target'> &
  Partial<Pick<CheckFacts, U>>;

export interface CheckResult {
  readonly verdict: Verdict;
  /** A line or several; may hold remote text, which is made safe when it is printed. */
  readonly detail: string | readonly string[];
  /** How to fix what failed. */
  readonly hint?: string | undefined;
  readonly facts?: Partial<CheckFacts> | undefined;
}

export interface Check {
  readonly name: string;
  /** Without them the check is skipped. */
  readonly needs: readonly FactName[];
  readonly gives: readonly FactName[];
  /** @throws AppError, which is a failed check */
  run(
    facts: Partial<CheckFacts>,
    context: DoctorContext,
    options: CallOptions,
  ): Promise<CheckResult>;
}

/** A check whose function sees exactly the facts that it needs, and those it uses where there are any. */
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
    // `examine` runs a check only when all that it needs is there.
    run: (facts, context, options) => spec.run(facts as Known<K, U>, context, options),
  };
}

/** "docker.io", "quay.io/team/app". */
export function labelOf({ registry, repository }: CheckTarget): string {
  return repository === undefined || repository === '' ? registry : `${registry}/${repository}`;
}
