/** Registries over HTTP: credentials, connections, the API of a repository. */
export { REQUIRED_NODE } from './node-version.ts';
export { loadRegistries } from './config/containers/registries.ts';
export type {
  InsecureMode,
  Mirror,
  MirrorUse,
  Registries,
  RegistriesOptions,
  RepositoryLocation,
  Route,
} from './config/containers/types.ts';
export { createHostPolicies, type HostPolicyOptions } from './config/hosts/policy.ts';
export type { HostPolicies, HostPolicy } from './config/hosts/types.ts';
export type {
  ProxyChoice,
  ProxyProtocol,
  ProxyRules,
  ProxyServer,
} from './config/proxies/rules.ts';
export type { CertificateFiles } from './config/tls/certs-d.ts';
export type { RootFile, TrustRoots } from './config/tls/roots.ts';
export { createCredentialChain, type CredentialChainOptions } from './credentials/chain.ts';
export type {
  HelperAction,
  HelperRequest,
  HelperResult,
  RunHelper,
} from './credentials/helpers/process.ts';
export type { CredentialFlags } from './credentials/sources/flags.ts';
export type {
  Credential,
  CredentialChain,
  LookupStep,
  TraceableCredentialChain,
} from './credentials/types.ts';
export type { RedactSecrets } from './errors/redact-secrets.ts';
export type { AllowHost } from './http/address/allow-host.ts';
export type { LookupAll } from './http/address/resolver.ts';
export type { AuthScheme } from './http/auth/challenge.ts';
export type { RealmVerdict } from './http/auth/realm-trust.ts';
export type { CachedToken, ChallengeKey, TokenOwner, TokenStore } from './http/auth/token-store.ts';
export type { AuthorizationRequest } from './http/auth/types.ts';
export { createHttpClient, type HttpClientHandle, type HttpClientOptions } from './http/client.ts';
export type { NetworkError } from './http/dial/network-error.ts';
export type { RetryClass } from './http/error-codes.ts';
export type { Timeouts } from './http/exchange/pools.ts';
export type { ConnectionReport } from './http/probe/connection-report.ts';
export type { FreshAuthorization } from './http/probe/fresh-authorization.ts';
export type { HandshakeReport } from './http/probe/handshake-report.ts';
export type { JwtClaims } from './http/probe/jwt-claims.ts';
export type { Probe } from './http/probe/probe.ts';
export type { NotYetVisible, RetryPolicy, RetryState } from './http/retry/policy.ts';
export type { CertificateLink, CertificateSummary } from './http/tls/certificate.ts';
export type {
  HttpClient,
  HttpRequest,
  HttpResponse,
  RequestAuth,
  RequestBody,
  ResponseHeaders,
  SentCredentials,
} from './http/types.ts';
export { createRegistryClient, type RegistryClientOptions } from './registry/client.ts';
export type {
  JournalEntry,
  JournaledBlob,
  JournaledSession,
  UploadJournal,
} from './registry/journal/types.ts';
export { createRoutedClient, type RoutedClientOptions } from './registry/mirrors/client.ts';
export type { RegistryDependencies } from './registry/requests.ts';
export type {
  Access,
  FoundManifest,
  HeadManifestOptions,
  ListOptions,
  ManifestResponse,
  PutManifestOptions,
  RegistryClient,
  Repository,
  RepositoryOptions,
} from './registry/types.ts';
export type { ListedManifest, ReferrersOptions, TaggedDigest } from './store/types.ts';
export type { BeginWait } from './util/abort.ts';
