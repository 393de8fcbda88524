import { DOCKER_HUB } from '../reference/docker-hub.ts';

/** What to use where a registry's v2 API lacks an operation. */
export interface HostNotes {
  readonly name: string;
  readonly catalog?: string;
  readonly remove?: string;
  readonly untag?: string;
}

interface HostRule extends HostNotes {
  /** Anchored: a look-alike host must not get another registry's advice. */
  readonly host: RegExp;
}

const RULES: readonly HostRule[] = [
  {
    host: new RegExp(`^${DOCKER_HUB.replace('.', '\\.')}$`, 'u'),
    name: 'Docker Hub',
    catalog:
      'Use `regctl catalog docker.io/NAMESPACE`, which asks Docker Hub for one namespace, or `regctl search TERM`.',
    remove: 'Delete the tag or repository on hub.docker.com; its registry deletes by digest alone.',
    untag: 'Delete the tag on hub.docker.com; its registry deletes by digest alone.',
  },
  {
    host: /^ghcr\.io$/u,
    name: 'GHCR',
    catalog:
      "List the packages with GitHub's API: gh api /orgs/ORG/packages?package_type=container",
    remove:
      "Delete the package version with GitHub's API: gh api -X DELETE /orgs/ORG/packages/container/NAME/versions/ID",
    untag: "GitHub's packages API deletes whole versions; no tag can be removed alone.",
  },
  {
    host: /^\d{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/u,
    name: 'Amazon ECR',
    catalog: 'Use `aws ecr describe-repositories`.',
    remove: 'Use `aws ecr batch-delete-image --image-ids imageDigest=DIGEST`.',
    untag: 'Use `aws ecr batch-delete-image --image-ids imageTag=TAG`.',
  },
  {
    host: /^public\.ecr\.aws$/u,
    name: 'Amazon ECR Public',
    catalog: 'Use `aws ecr-public describe-repositories`.',
    remove: 'Use `aws ecr-public batch-delete-image --image-ids imageDigest=DIGEST`.',
    untag: 'Use `aws ecr-public batch-delete-image --image-ids imageTag=TAG`.',
  },
  {
    host: /^[a-z0-9-]+\.azurecr\.io$/u,
    name: 'Azure Container Registry',
    untag: 'Use `az acr repository untag`.',
  },
  {
    host: /^(?:[a-z0-9-]+\.)?gcr\.io$|^[a-z0-9-]+-docker\.pkg\.dev$/u,
    name: 'Google Artifact Registry',
    remove: 'Remove the tags first (`regctl delete --untag`), then delete the digest.',
  },
  { host: /^mcr\.microsoft\.com$/u, name: 'MCR', remove: 'This registry is read-only.' },
];

export function hostNotes(registry: string): HostNotes | undefined {
  return RULES.find((rule) => rule.host.test(registry.toLowerCase()));
}
