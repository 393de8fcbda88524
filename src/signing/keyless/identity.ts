import { AppError } from '../../errors/app-error.ts';
import { compileRe2 } from '../../util/text/re2.ts';

/** A text that has to be equal, or a pattern in RE2 syntax that matches anywhere. */
export interface TextRule {
  readonly exact?: string | undefined;
  readonly regexp?: string | undefined;
}

/** Whose certificate counts, as the user writes it: who it names, and who vouched for that. */
export interface IdentityRule {
  readonly identity: TextRule;
  /** An empty text means on purpose that the certificate names no issuer. */
  readonly issuer: TextRule;
}

/** Who a certificate names. */
export interface CertificateIdentity {
  readonly name: string;
  /** Empty if it names none. */
  readonly issuer: string;
}

export type IdentityMatcher = (found: CertificateIdentity) => boolean;

/** @throws AppError USAGE if a part is missing, or for a pattern that is not RE2 */
export async function identityMatcher({
  identity,
  issuer,
}: IdentityRule): Promise<IdentityMatcher> {
  if (isMissing(identity) || identity.exact === '') {
    throw new AppError('USAGE', 'an identity is required: whose certificate counts', {
      hint: 'Add --certificate-identity NAME, or --certificate-identity-regexp PATTERN.',
    });
  }
  if (isMissing(issuer)) {
    throw new AppError('USAGE', 'an issuer is required: who vouched for the identity', {
      hint: 'Add --certificate-oidc-issuer URL, or --certificate-oidc-issuer-regexp PATTERN.',
    });
  }
  const isName = await textMatcher(identity);
  const isIssuer = await textMatcher(issuer);
  return (found) => isName(found.name) && isIssuer(found.issuer);
}

/** An empty pattern would match everything. */
function isMissing({ exact, regexp }: TextRule): boolean {
  return exact === undefined && (regexp ?? '') === '';
}

async function textMatcher({ exact, regexp = '' }: TextRule): Promise<(text: string) => boolean> {
  if (exact !== undefined) return (text) => text === exact;
  try {
    const pattern = await compileRe2(regexp);
    return (text) => pattern.find(text);
  } catch (error) {
    throw new AppError('USAGE', `"${regexp}" is not a pattern: ${String(error)}`, {
      hint: 'Patterns are RE2, as in Go: no lookahead and no backreferences.',
    });
  }
}
