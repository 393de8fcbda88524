import { AppError } from '../../errors/app-error.ts';
import type { Kind } from '../kinds.ts';
import type { DescribedReferrer, ReferrerContent } from './types.ts';

/** What a user asked for: a short word, or a type in full. */
export interface AskedType {
  readonly written: string;
  /** Whether a referrer, or one of its layers, is of this type. */
  matches(one: {
    readonly kinds: readonly Kind[];
    readonly types: readonly string[];
    readonly artifactType?: string | undefined;
  }): boolean;
}

/** Short words, among them cosign's for predicate types, and the kinds or types they stand for. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  signature: ['signature', 'Notation signature'],
  signatures: ['signature', 'Notation signature'],
  notation: ['Notation signature'],
  sbom: ['SBOM (SPDX)', 'SBOM (CycloneDX)', 'SBOM (Syft)'],
  spdx: ['SBOM (SPDX)'],
  spdxjson: ['SBOM (SPDX)'],
  cyclonedx: ['SBOM (CycloneDX)'],
  syft: ['SBOM (Syft)'],
  provenance: ['provenance (SLSA)'],
  slsaprovenance: ['provenance (SLSA)'],
  slsaprovenance02: ['https://slsa.dev/provenance/v0.2'],
  slsaprovenance1: ['https://slsa.dev/provenance/v1'],
  vuln: ['vulnerability report'],
  vulnerabilities: ['vulnerability report'],
  scan: ['vulnerability report'],
  vex: ['VEX'],
  openvex: ['VEX'],
  attestation: ['attestation'],
};

/** @throws AppError USAGE for a word that is neither short nor a type with a slash or parenthesis */
export function askedType(written: string, option: string): AskedType {
  const word = written.toLowerCase();
  if (word === 'any') return { written, matches: () => true };
  const wanted = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (wanted === undefined && !/[/( ]/u.test(written)) {
    throw new AppError('USAGE', `${option}: "${written}" is not a type`, {
      hint: `Give a media type, an artifact type or a predicate type in full, or one of: any, ${Object.keys(WORDS).join(', ')}.`,
    });
  }
  const names = new Set((wanted ?? [written]).map((one) => one.toLowerCase()));
  const has = (type: string | undefined): boolean =>
    type !== undefined && names.has(type.toLowerCase());
  return {
    written,
    matches: ({ kinds, types, artifactType }) =>
      kinds.some(has) || types.some(has) || has(artifactType),
  };
}

/** The layers of a referrer that are of the type; all of them if only its artifact type is. */
export function contentsAsked(
  referrer: DescribedReferrer,
  asked: AskedType,
): readonly ReferrerContent[] {
  const { contents = [] } = referrer;
  const own = contents.filter(({ kind, type }) =>
    asked.matches({ kinds: kind === undefined ? [] : [kind], types: [type] }),
  );
  return own.length > 0 || !asked.matches(referrer) ? own : contents;
}
