import { describe, expect, it } from 'vitest';
import { KNOWN_REGISTRIES } from '../../../src/config/registries/table.ts';
import {
  fillTemplate,
  knownRegistry,
  loginAdvice,
  loginCommand,
} from '../../../src/config/registries/lookup.ts';

const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

function answering(headers: Readonly<Record<string, string>>) {
  return { all: (name: string) => [headers[name]].filter((value) => value !== undefined) };
}

describe('a registry known by its host', () => {
  it.each([
    ['docker.io', 'docker-hub'],
    ['ghcr.io', 'ghcr'],
    ['GHCR.io', 'ghcr'],
    [ECR, 'ecr'],
    ['123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'ecr'],
    ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'ecr'],
    ['public.ecr.aws', 'ecr-public'],
    ['gcr.io', 'gcr'],
    ['eu.gcr.io', 'gcr'],
    ['europe-west1-docker.pkg.dev', 'gcr'],
    ['us-docker.pkg.dev', 'gcr'],
    ['team1.azurecr.io', 'acr'],
    ['quay.io', 'quay'],
    ['mcr.microsoft.com', 'mcr'],
    ['registry.gitlab.com', 'gitlab'],
    ['acme.jfrog.io', 'artifactory'],
  ])('%s is %s', (host, id) => {
    expect(knownRegistry(host)?.id).toBe(id);
  });

  const real = [
    'docker.io',
    'ghcr.io',
    ECR,
    'public.ecr.aws',
    'gcr.io',
    'europe-west1-docker.pkg.dev',
    'team1.azurecr.io',
    'quay.io',
    'mcr.microsoft.com',
    'registry.gitlab.com',
    'demo.goharbor.io',
    'acme.jfrog.io',
    'zothub.io',
  ];
  const disguises: readonly ((host: string) => string)[] = [
    (host) => `${host}.evil.example`,
    (host) => `evil-${host}.example`,
    (host) => `evil.${host}`,
    (host) => `${host}:8443`,
    (host) => `${host}.`,
    (host) => `${host}\n`,
    (host) => `\n${host}`,
    (host) => `${host}/x`,
    (host) => host.replaceAll('.', 'x'),
    (host) => `xn--${host}-abc`,
    (host) => host.replace(/o(?=[^o]*$)/u, 'ο'),
  ];
  const names = real.flatMap((host) => disguises.map((disguise) => disguise(host)));
  it.each([
    ...names.filter((name) => !real.includes(name)),
    'evil-ghcr.io',
    'evilquay.io',
    'evil-gcr.io',
    'xn--ghcr-9wa.io',
    'ghcr.io@evil.example',
    'evil.example#ghcr.io',
    ECR.slice(1),
    `1${ECR}`,
    '123456789012.dkr.ecr.eu-west-1.evil.com',
    'evil.example?.dkr.ecr.eu-west-1.amazonaws.com',
    'evil-docker.pkg.dev.evil.example',
    'a.b.azurecr.io',
    'evil.example/azurecr.io',
  ])('%j looks like one and is none', (host) => {
    expect(knownRegistry(host)).toBeUndefined();
    expect(loginCommand({ registry: host })).toMatch(/^regctl login /u);
  });
});

describe('a registry known by its answers', () => {
  const challenge = (value: string): Parameters<typeof knownRegistry>[1] =>
    answering({ 'www-authenticate': value });
  it.each([
    ['Bearer realm="https://h.example/service/token",service="harbor-registry"', 'harbor'],
    ['Basic realm="harbor"', 'harbor'],
    ['Bearer realm="https://gitlab.corp/jwt/auth",service="container_registry"', 'gitlab'],
    ['Basic realm="Artifactory Realm"', 'artifactory'],
    [
      'Bearer realm="https://a.corp/artifactory/api/docker/docker-local/v2/token",service="a.corp"',
      'artifactory',
    ],
    ['BASIC realm="Sonatype Nexus Repository Manager"', 'nexus'],
    ['Bearer realm="https://quay.corp/v2/auth",service="quay.corp"', 'quay'],
  ])('%s is %s', (value, id) => {
    expect(knownRegistry('r.corp', challenge(value))?.id).toBe(id);
  });

  it('is what its host says, whatever it answers', () => {
    expect(knownRegistry('ghcr.io', challenge('Basic realm="harbor"'))?.id).toBe('ghcr');
  });

  it('is none where nothing is known', () => {
    expect(knownRegistry('r.corp', challenge('Basic realm="Registry Realm"'))).toBeUndefined();
    // Forgejo has the service name of GitLab.
    const forgejo = 'Bearer realm="https://codeberg.org/v2/token",service="container_registry"';
    expect(knownRegistry('codeberg.org', challenge(forgejo))).toBeUndefined();
    expect(knownRegistry('r.corp', answering({ server: 'nginx' }))).toBeUndefined();
  });
});

describe('advice', () => {
  it('is a command to copy, with the host, region and repository in it', () => {
    expect(loginCommand({ registry: ECR })).toBe(
      `aws ecr get-login-password --region eu-west-1 | regctl login ${ECR} -u AWS --password-stdin`,
    );
    expect(loginAdvice({ registry: 'team1.azurecr.io' })).toContain('az acr login -n team1 ');
    const create = knownRegistry(ECR)?.createAdvice ?? '';
    expect(fillTemplate(create, { registry: ECR, repository: 'a/b' })).toMatch(
      /--region eu-west-1 --repository-name a\/b`\.$/u,
    );
    expect(loginAdvice({ registry: 'r.example:5000' })).toBe('Log in: regctl login r.example:5000');
    expect(loginCommand({ registry: 'docker.io' })).toBe('regctl login');
  });

  it('leaves no brace behind, whatever the registry', () => {
    for (const row of KNOWN_REGISTRIES) {
      const texts = JSON.stringify(row).match(/\{[a-z]+\}/gu) ?? [];
      const known = new Set(['{host}', '{repository}', '{region}', '{registry}']);
      expect(texts.filter((text) => !known.has(text))).toEqual([]);
    }
  });
});

describe('the table', () => {
  it('has anchored patterns alone', () => {
    for (const { host } of KNOWN_REGISTRIES) {
      if (host === undefined) continue;
      expect(host.source).toMatch(/^\^(?!.*(?<!\(\?:[^()]*)\|(?![^()]*\))).*\$$/u);
      expect(host.flags).toBe('u');
    }
  });

  it('says of each registry how to sign in, or that all of it is public', () => {
    const ids = KNOWN_REGISTRIES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const row of KNOWN_REGISTRIES) {
      expect(row.login ?? row.notFoundMeaning, row.id).toMatch(/regctl login|public/u);
      expect(row.host ?? row.fingerprints, row.id).toBeDefined();
    }
  });
});
