import type { TokenOwner } from './token-store.ts';
import type { Credential, CredentialChain } from '../../credentials/types.ts';
import type { HostPolicies } from '../../config/hosts/types.ts';
import type { TokenCache } from './token-cache.ts';
import type { AddressClassLookup } from '../address/target.ts';
import type { AuthScheme } from './challenge.ts';
import type { RequestAuth, HttpClient } from '../types.ts';

/** What a request may carry as Authorization, and how it was obtained. */
export type Authorization = {
  readonly header: string;
  /** Absent for an anonymous token. */
  readonly credential?: Credential | undefined;
} & (
  | { readonly kind: 'basic' }
  | { readonly kind: 'static' }
  | {
      readonly kind: 'token';
      readonly token: string;
      readonly owner: TokenOwner;
      readonly scopes: readonly string[];
      readonly offer: AuthScheme;
      /** It existed before this request, so it may have expired. */
      readonly cached: boolean;
      /** It comes from an earlier run, so the registry may judge it differently now. */
      readonly stored: boolean;
      /** The registry has accepted it in this run. */
      readonly accepted: boolean;
    }
);

export interface AuthorizationOptions {
  readonly credentials: CredentialChain;
  readonly policies: HostPolicies;
  readonly cache: TokenCache;
  readonly knownClass: AddressClassLookup;
  readonly now: () => number;
  readonly allowedRealms: (registry: string, realmHost: string) => boolean;
  /** Ends exchanges when the client is closed; they outlive the request that started them. */
  readonly closed: AbortSignal;
}

/** What a request is to be allowed to do. */
export interface AuthorizationRequest {
  readonly auth: RequestAuth;
  readonly url: URL;
  readonly offers: readonly AuthScheme[];
  readonly scopes: readonly string[];
  readonly send: HttpClient;
  readonly signal?: AbortSignal | undefined;
  /** Asks the credential sources again before a new token is fetched. */
  readonly renew?: boolean | undefined;
  /** The offers are a guess: the token server is asked once, without retries. */
  readonly singleAttempt?: boolean | undefined;
}
