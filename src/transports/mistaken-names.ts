import { knownRegistry } from '../config/registries/lookup.ts';
import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { endOfUserInfo } from '../reference/grammar.ts';

/** Web pages that show an image, and the image name; `$1` is the first group. */
const PAGES: readonly (readonly [RegExp, string])[] = [
  [/^hub\.docker\.com\/(?:_|layers\/library|repository\/docker\/library)\/([^/?#]+)/u, '$1'],
  [/^hub\.docker\.com\/(?:r|layers|repository\/docker)\/([^/?#]+\/[^/?#]+)/u, '$1'],
  [/^quay\.io\/repository\/([^/?#]+\/[^/?#]+)/u, 'quay.io/$1'],
  [/^gallery\.ecr\.aws\/([^/?#]+\/[^?#]+)/u, 'public.ecr.aws/$1'],
  [
    /^mcr\.microsoft\.com\/[a-z-]+\/(?:artifact\/mar|product)\/([^?#]+?)(?:\/(?:about|tags))?(?=$|[?#])/u,
    'mcr.microsoft.com/$1',
  ],
  [/^gitlab\.com\/([^?#]+?)(?:\/-)?\/container_registry/u, 'registry.gitlab.com/$1'],
  [
    /^console\.cloud\.google\.com\/artifacts\/docker\/([^/?#]+)\/([^/?#]+)\/([^/?#]+\/[^/?#;]+)/u,
    '$2-docker.pkg.dev/$1/$3',
  ],
  [
    /^github\.com\/(?:orgs\/)?([^/?#]+)\/(?:[^/?#]+\/)?(?:pkgs|packages)\/container\/(?:package\/)?([^/?#]+)/u,
    'ghcr.io/$1/$2',
  ],
];

const ARCHIVE = /\.(?:tar|tgz|tar\.(?:gz|zst|xz|bz2))$/iu;
const PATH = /^(?:\.{1,2}|~)?[\\/]/u;

/**
 * Recognizes what users type instead of an image name: a web address, a file, a directory, a
 * registry. The hint of the error gives the correct form. `undefined` for anything that may be a
 * name.
 */
export function mistakenName(text: string): AppError | undefined {
  return webAddress(text) ?? file(text) ?? registry(text);
}

function invalid(text: string, what: string, hint: string): AppError {
  return new AppError('INVALID_REFERENCE', `"${shown(text)}" is ${what}, not an image name`, {
    hint,
  });
}

/** Removes a username and password before the host. */
export function withoutUserInfo(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//iu.exec(text)?.[0] ?? '';
  const end = endOfUserInfo(text);
  return end < 0 ? text : scheme + text.slice(end + 1);
}

function shown(text: string): string {
  return sanitize(withoutUserInfo(text).slice(0, 200));
}

function webAddress(text: string): AppError | undefined {
  const scheme = /^https?:\/\//iu.exec(text)?.[0];
  const rest = withoutUserInfo(text)
    .slice(scheme?.length ?? 0)
    .replace(/\/+$/u, '');
  for (const [page, name] of PAGES) {
    const match = page.exec(rest);
    if (match === null) continue;
    const image = sanitize(match[0].replace(page, name).replaceAll('%2F', '/'));
    return invalid(text, 'a web address', `Use the image name: ${image}`);
  }
  if (scheme === undefined) return undefined;
  const hint = `Write the image without "${scheme}": ${sanitize(rest)}`;
  return invalid(text, 'a web address', hint);
}

function file(text: string): AppError | undefined {
  const isPath = PATH.test(text);
  if (ARCHIVE.test(text) && (isPath || !text.includes('/'))) {
    const name = shown(text);
    return invalid(
      text,
      'a file',
      `Name its format: docker-archive:${name} or oci-archive:${name}`,
    );
  }
  if (!isPath) return undefined;
  return invalid(text, 'a path', `For an OCI layout directory, write oci:${shown(text)}`);
}

/** Docker Hub has no image named like a host; "host:5000" would be parsed as one with a tag. */
function registry(text: string): AppError | undefined {
  const [, host = '', port] =
    /^(localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(:\d{1,5})?$/iu.exec(
      text,
    ) ?? [];
  if (host === '') return undefined;
  const isHost = port !== undefined || /^(?:localhost$|[\d.]+$|\[)/u.test(host);
  if (!isHost && knownRegistry(host.toLowerCase()) === undefined) return undefined;
  return new AppError('INVALID_REFERENCE', `"${text}" is a registry, and has no repository`, {
    hint: `Add the repository: ${text}/NAME:TAG. To list the repositories: regctl catalog ${text}`,
  });
}
