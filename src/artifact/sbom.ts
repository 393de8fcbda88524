import { asRecord, isRecord } from '../util/json.ts';

/** A package in an SBOM. Unknown values are empty. */
export interface SbomPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** "deb", "npm": from its package URL, or as the tool names it. */
  readonly type: string;
}

/**
 * Reads the packages of an SBOM: SPDX 2.3 in JSON (section 7), CycloneDX 1.6 in JSON
 * (`components`, nested ones too) or Syft's own JSON. `undefined` for anything else.
 */
export function readPackages(document: unknown): readonly SbomPackage[] | undefined {
  if (!isRecord(document)) return undefined;
  if (Array.isArray(document['packages']) && typeof document['spdxVersion'] === 'string') {
    return records(document['packages']).map(spdx);
  }
  if (document['bomFormat'] === 'CycloneDX') return components(document['components'], 0);
  if (Array.isArray(document['artifacts']) && isRecord(document['descriptor'])) {
    return records(document['artifacts']).map(syft);
  }
  return undefined;
}

/** SPDX's two words for "not known". */
const UNSAID: ReadonlySet<string> = new Set(['NOASSERTION', 'NONE']);

function spdx(one: Readonly<Record<string, unknown>>): SbomPackage {
  const licenses = [text(one['licenseConcluded']), text(one['licenseDeclared'])];
  const purl = records(one['externalRefs']).find((ref) => ref['referenceType'] === 'purl');
  return {
    name: text(one['name']),
    version: text(one['versionInfo']),
    license: licenses.find((license) => license !== '' && !UNSAID.has(license)) ?? '',
    type: purlType(text(purl?.['referenceLocator'])),
  };
}

/** Deeper nesting than any tool writes. */
const MAX_DEPTH = 16;

function components(list: unknown, depth: number): readonly SbomPackage[] {
  if (depth > MAX_DEPTH) return [];
  return records(list).flatMap((one) => [
    {
      name: [text(one['group']), text(one['name'])].filter((part) => part !== '').join('/'),
      version: text(one['version']),
      license: records(one['licenses']).map(cyclonedxLicense).join(', '),
      type: purlType(text(one['purl'])) || text(one['type']),
    },
    ...components(one['components'], depth + 1),
  ]);
}

function cyclonedxLicense(one: Readonly<Record<string, unknown>>): string {
  const license = asRecord(one['license']);
  return text(one['expression']) || text(license['id']) || text(license['name']);
}

function syft(one: Readonly<Record<string, unknown>>): SbomPackage {
  const licenses = Array.isArray(one['licenses']) ? one['licenses'] : [];
  return {
    name: text(one['name']),
    version: text(one['version']),
    // Older versions list plain texts.
    license: licenses
      .map((license) => text(license) || text(asRecord(license)['value']))
      .join(', '),
    type: text(one['type']),
  };
}

/** "pkg:deb/debian/bash@5" → "deb" (purl-spec) */
function purlType(purl: string): string {
  return /^pkg:([\w.+-]+)\//u.exec(purl)?.[1] ?? '';
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
