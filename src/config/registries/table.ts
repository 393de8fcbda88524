/** Statuses with which a registry without a catalog answers, and what to use instead. */
export interface NoCatalog {
  readonly denied: readonly number[];
  readonly alternative: string;
}

/** A header that identifies software that can run on any host. */
export interface Fingerprint {
  readonly header: string;
  readonly value: RegExp;
}

/** What a registry answers to a request without credentials. */
export type UsualChallenge =
  | { readonly kind: 'bearer'; readonly realm: string; readonly service: string }
  | { readonly kind: 'basic' };

/**
 * What is known about a registry. Texts complete an error's hint; `{host}`, `{repository}` and the
 * groups of the host pattern are filled in. Nothing here decides who receives a secret (see
 * `http/auth/realm-trust.ts`), because anyone can imitate a fingerprint.
 */
export interface KnownRegistry {
  readonly id: string;
  readonly name: string;
  /** Its page in docs/registries/, without the extension. */
  readonly page: string;
  /** Whole host names, lower case, without a port. Absent: it has no host of its own. */
  readonly host?: RegExp;
  readonly fingerprints?: readonly Fingerprint[];
  /** The command that logs in. Absent: everything is public. */
  readonly login?: string;
  /** Saves the request that would ask for it; another answer of the registry replaces it. */
  readonly challenge?: UsualChallenge;
  /** Which username and which secret. */
  readonly account?: string;
  /** What 401, 403 or 404 may mean here in addition to their usual meaning. */
  readonly notFoundMeaning?: string;
  /** What must exist before the first push. */
  readonly createAdvice?: string;
  readonly readOnly?: string;
  readonly catalog?: NoCatalog;
  readonly deleteAdvice?: string;
  readonly untagAdvice?: string;
  /** A sentence on the registry's own limit. */
  readonly limitAdvice?: string;
  /** The status for an expired or revoked token, instead of 401. */
  readonly staleTokenStatus?: number;
  /** A blob is sent in one request: what continues an upload is lost, refused or miscounted. */
  readonly wholeUploads?: boolean;
}

const CHALLENGE = 'www-authenticate';

/** One row for each registry; docs/registries/README.md lists the same rows. */
export const KNOWN_REGISTRIES: readonly KnownRegistry[] = [
  {
    id: 'docker-hub',
    name: 'Docker Hub',
    page: 'docker-hub',
    host: /^docker\.io$/u,
    challenge: {
      kind: 'bearer',
      realm: 'https://auth.docker.io/token',
      service: 'registry.docker.io',
    },
    login: 'regctl login',
    account:
      'A personal access token (dckr_pat_…) works as the password; an organization logs in with its name and an organization access token.',
    notFoundMeaning: 'Docker Hub gives the same answer for missing and for private repositories',
    createAdvice:
      'Write docker.io/USER/NAME: without USER it is an official image, which cannot be pushed.',
    catalog: {
      denied: [401],
      alternative:
        'Use `regctl catalog docker.io/NAMESPACE`, which asks Docker Hub for one namespace, or `regctl search TERM`.',
    },
    deleteAdvice:
      'Delete the tag or repository on hub.docker.com; its registry deletes only by digest.',
    untagAdvice: 'Delete the tag on hub.docker.com; its registry deletes only by digest.',
    limitAdvice: 'See what is left with `regctl rate-limit`.',
  },
  {
    id: 'ecr',
    // Answers Range: 0-10485759 to each PATCH, 404 for the session and 416 for a part sent again.
    wholeUploads: true,
    name: 'Amazon ECR',
    page: 'ecr',
    host: /^\d{12}\.dkr\.ecr(?:-fips)?\.(?<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/u,
    challenge: { kind: 'basic' },
    login:
      'aws ecr get-login-password --region {region} | regctl login {host} -u AWS --password-stdin',
    account:
      'The username is AWS and the password lasts 12 hours; the helper docker-credential-ecr-login renews it.',
    createAdvice:
      'Create the repository first: `aws ecr create-repository --region {region} --repository-name {repository}`.',
    catalog: {
      denied: [401, 403],
      alternative: 'Use `aws ecr describe-repositories --region {region}`.',
    },
    deleteAdvice:
      'Use `aws ecr batch-delete-image --region {region} --repository-name {repository} --image-ids imageDigest=DIGEST`.',
    untagAdvice:
      'Use `aws ecr batch-delete-image --region {region} --repository-name {repository} --image-ids imageTag=TAG`; it deletes the image with its last tag.',
  },
  {
    id: 'ecr-public',
    name: 'Amazon ECR Public',
    page: 'ecr',
    host: /^public\.ecr\.aws$/u,
    challenge: {
      kind: 'bearer',
      realm: 'https://public.ecr.aws/token/',
      service: 'public.ecr.aws',
    },
    login:
      'aws ecr-public get-login-password --region us-east-1 | regctl login public.ecr.aws -u AWS --password-stdin',
    account: 'The username is AWS and the password lasts 12 hours.',
    createAdvice:
      'Create the repository first: `aws ecr-public create-repository --region us-east-1 --repository-name NAME`, below the alias of your registry.',
    catalog: {
      denied: [401, 403],
      alternative: 'Use `aws ecr-public describe-repositories --region us-east-1`.',
    },
    deleteAdvice:
      'Use `aws ecr-public batch-delete-image --region us-east-1 --image-ids imageDigest=DIGEST`.',
    untagAdvice:
      'Use `aws ecr-public batch-delete-image --region us-east-1 --image-ids imageTag=TAG`.',
    limitAdvice: 'The limit is higher with a login.',
    // aws/containers-roadmap#2835
    staleTokenStatus: 400,
  },
  {
    id: 'gcr',
    // Refuses PATCH.
    wholeUploads: true,
    name: 'Google Artifact Registry',
    page: 'gcr',
    host: /^(?:(?:(?:us|eu|asia|mirror|marketplace)\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/u,
    login:
      'gcloud auth print-access-token | regctl login {host} -u oauth2accesstoken --password-stdin',
    account:
      'An access token lasts an hour; a service account logs in as _json_key with its key file, or as _json_key_base64.',
    createAdvice:
      'Create the repository first: `gcloud artifacts repositories create NAME --repository-format=docker`.',
    catalog: {
      denied: [401, 403],
      alternative:
        'Use `gcloud artifacts docker images list LOCATION-docker.pkg.dev/PROJECT/REPOSITORY`.',
    },
    deleteAdvice: 'Remove the tags first (`regctl delete --untag`), then delete the digest.',
  },
  {
    id: 'ghcr',
    // Keeps only the last PATCH of an upload, and commits it all the same.
    wholeUploads: true,
    name: 'GHCR',
    page: 'ghcr',
    host: /^ghcr\.io$/u,
    challenge: { kind: 'bearer', realm: 'https://ghcr.io/token', service: 'ghcr.io' },
    login: 'echo "$GITHUB_TOKEN" | regctl login ghcr.io -u USER --password-stdin',
    account:
      'Any username works; the token is a classic one with read:packages, and write:packages to push, or the GITHUB_TOKEN of a workflow.',
    notFoundMeaning: 'GHCR gives the same answer for missing and for private packages',
    catalog: {
      denied: [401, 403],
      alternative:
        "List the packages with GitHub's API: gh api /orgs/ORG/packages?package_type=container",
    },
    deleteAdvice:
      "Delete the package version with GitHub's API: gh api -X DELETE /orgs/ORG/packages/container/NAME/versions/ID",
    untagAdvice: "GitHub's packages API deletes whole versions, not a single tag.",
  },
  {
    id: 'acr',
    name: 'Azure Container Registry',
    page: 'acr',
    host: /^(?<registry>[a-z0-9-]+)\.azurecr\.(?:io|cn|us)$/u,
    login:
      'az acr login -n {registry} --expose-token --output tsv --query accessToken | regctl login {host} -u 00000000-0000-0000-0000-000000000000 --password-stdin',
    account:
      'That token lasts three hours; a service principal logs in with its id and secret, a token of the registry with its name.',
    untagAdvice: 'Use `az acr repository untag -n {registry} --image {repository}:TAG`.',
  },
  {
    id: 'quay',
    name: 'Quay',
    page: 'quay',
    host: /^quay\.io$/u,
    challenge: { kind: 'bearer', realm: 'https://quay.io/v2/auth', service: 'quay.io' },
    fingerprints: [{ header: CHALLENGE, value: /^bearer realm="https:\/\/[^"/]+\/v2\/auth"/iu }],
    login: 'regctl login {host} -u NAMESPACE+ROBOT --password-stdin',
    account:
      "A robot account or an encrypted password; an OAuth token logs in as '$oauthtoken' (in single quotes, for the shell).",
    notFoundMeaning: 'Quay gives the same answer for missing and for private repositories',
  },
  {
    id: 'mcr',
    name: 'MCR',
    page: 'mcr',
    host: /^mcr\.microsoft\.com$/u,
    notFoundMeaning: 'everything on MCR is public',
    readOnly: 'MCR is read-only: only Microsoft publishes there.',
    deleteAdvice: 'This registry is read-only.',
    untagAdvice: 'This registry is read-only.',
  },
  {
    id: 'gitlab',
    name: 'GitLab',
    page: 'gitlab',
    host: /^registry\.gitlab\.com$/u,
    challenge: {
      kind: 'bearer',
      realm: 'https://gitlab.com/jwt/auth',
      service: 'container_registry',
    },
    fingerprints: [{ header: CHALLENGE, value: /^bearer realm="https?:\/\/[^"/]+\/jwt\/auth"/iu }],
    login: 'regctl login {host} -u USER --password-stdin',
    account:
      'The password is a token with read_registry, and write_registry to push; a CI job uses $CI_REGISTRY_USER and $CI_REGISTRY_PASSWORD.',
    notFoundMeaning: 'GitLab hides projects that a login may not see',
    createAdvice: 'Create the project first; an image has at most two more names after its path.',
    catalog: {
      denied: [401, 403],
      alternative:
        "Ask GitLab's API for the repositories of a project or a group: /api/v4/projects/ID/registry/repositories",
    },
  },
  {
    id: 'harbor',
    name: 'Harbor',
    page: 'harbor',
    host: /^demo\.goharbor\.io$/u,
    fingerprints: [
      { header: CHALLENGE, value: /^bearer .*\bservice="harbor-registry"/iu },
      { header: CHALLENGE, value: /^basic realm="harbor"/iu },
    ],
    login: "regctl login {host} -u 'robot$PROJECT+NAME' --password-stdin",
    account:
      'Write a robot in single quotes, for the shell; with OIDC, use the CLI secret of your profile.',
    notFoundMeaning: 'Harbor hides projects that a login may not see',
    createAdvice:
      'Create the project first (the first part of the name). A proxy-cache project is read-only.',
    untagAdvice: 'Harbor removes a tag only in its web page or by its own API.',
  },
  {
    id: 'artifactory',
    name: 'Artifactory',
    page: 'artifactory',
    host: /^[a-z0-9-]+\.jfrog\.io$/u,
    fingerprints: [
      { header: CHALLENGE, value: /realm="Artifactory Realm"/iu },
      { header: CHALLENGE, value: /realm="[^"]*\/api\/docker\/[^"]*\/v2\/token"/iu },
      { header: 'x-artifactory-id', value: /./u },
    ],
    login: 'regctl login {host} -u USER --password-stdin',
    account: 'The password is an identity token or an API key.',
    notFoundMeaning:
      'Artifactory wants the repository key in front of the name (HOST/KEY/NAME), unless the key is in its host name or port',
    createAdvice: 'The Docker repository (its key) has to exist; a remote one is read-only.',
  },
  {
    id: 'nexus',
    name: 'Nexus',
    page: 'nexus',
    fingerprints: [
      { header: CHALLENGE, value: /realm="Sonatype Nexus Repository Manager"/iu },
      { header: 'server', value: /^Nexus\//iu },
    ],
    login: 'regctl login {host} -u USER --password-stdin',
    account:
      'A user token works too. Reading without a login needs the Docker Bearer Token Realm and anonymous access.',
    notFoundMeaning: 'Nexus has a port, a host name or a path of its own for each repository',
    createAdvice: 'Push to a hosted repository; groups and proxies are read-only.',
    readOnly: 'Push to a hosted repository; groups and proxies are read-only.',
  },
  {
    id: 'zot',
    name: 'zot',
    page: 'zot',
    host: /^zothub\.io$/u,
    login: 'regctl login {host} -u USER --password-stdin',
    account: 'An API key (zak_…) works as the password.',
  },
];
