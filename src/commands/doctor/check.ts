import type { Credential } from '../../credentials/types.ts';
import type { Endpoint, Mirror } from '../../config/containers/types.ts';
import type { Authorization } from '../../http/probe/fresh-authorization.ts';
import type { Demand } from '../../http/auth/challenge.merge-challenge-choice.ts';
import type { ConnectionFacts } from '../../http/probe/connection-report.ts';
import type { Probe } from '../../http/probe/probe.ts';
import type { ResponseHeaders } from '../../http/types.ts';
import type { CallOptions } from '../../store/types.ts';
import type { Context } from '../types.ts';

export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

/** What the checks find out for each other. */
export interface Facts {
  /** The name that was asked about. */
  readonly target: Target;
  /** Where the name leads: the host whose connection is looked at. */
  readonly place: Endpoint;
  readonly mirrors: readonly Mirror[];
  readonly probe: Probe;
  /** The URL that is dialled, and what applies to it. */
  readonly way: { readonly url: URL; readonly connection: ConnectionFacts };
  readonly resolved: true;
  readonly reached: true;
  /** Base URL of the v2 API. */
  readonly base: URL;
  /** TLS is done, or none is wanted. */
  readonly secured: true;
  readonly answer: Answer;
  /** What has to be met; 'none': everybody may look. */
  readonly demand: Demand | 'none';
  readonly login: Credential | 'none';
  readonly authorization: Authorization | 'none';
}

export interface Target {
  readonly registry: string;
  /** Absent: the registry as a whole. */
  readonly repository: string | undefined;
}

/** How the registry answers somebody it does not know. */
export interface Answer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly demand: Demand | undefined;
  /** Milliseconds since the epoch, by this machine, between request and answer. */
  readonly at: number;
}

export type FactName = keyof Facts;
type Known<K extends FactName, U extends FactName> = Pick<Facts, K | 'target'> &
  Partial<Pick<Facts, U>>;

export interface Outcome {
  readonly verdict: Verdict;
  /** A line or several; may hold remote text, which is made safe when it is printed. */
  readonly detail: string | readonly string[];
  /** The cure of what failed. */
  readonly hint?: string | undefined;
  readonly facts?: Partial<Facts> | undefined;
}

export interface Check {
  readonly name: string;
  /** Without them the check is skipped. */
  readonly needs: readonly FactName[];
  readonly gives: readonly FactName[];
  /** @throws AppError, which is a failed check */
  run(facts: Partial<Facts>, context: Context, options: CallOptions): Promise<Outcome>;
}

/** A check whose function sees exactly the facts that it needs, and those it uses where there are any. */
export function check<K extends FactName, U extends FactName = never>(spec: {
  readonly name: string;
  readonly needs: readonly K[];
  readonly uses?: readonly U[];
  readonly gives: readonly FactName[];
  readonly run: (facts: Known<K, U>, context: Context, options: CallOptions) => Promise<Outcome>;
}): Check {
  return {
    ...spec,
    // `examine` runs a check only when all that it needs is there.
    run: (facts, context, options) => spec.run(facts as Known<K, U>, context, options),
  };
}

/** "docker.io", "quay.io/team/app". */
export function labelOf({ registry, repository }: Target): string {
  return repository === undefined || repository === '' ? registry : `${registry}/${repository}`;
}
