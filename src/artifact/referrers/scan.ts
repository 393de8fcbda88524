import { asRecord, isRecord } from '../../util/json.ts';

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'unknown'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  readonly severity: Severity;
  /** "CVE-2025-26519" */
  readonly id: string;
  /** "musl 1.2.5-r8", or where the scanner saw it. */
  readonly where: string;
  /** Versions without it. */
  readonly fixedIn: string;
}

/** A scanner's results: worst first, then by identifier. */
export interface ScanReport {
  readonly scanner: string;
  readonly findings: readonly Finding[];
}

/**
 * Reads a scan report: SARIF 2.1.0, the report of Trivy or Grype, or one of the predicates
 * `https://cosign.sigstore.dev/attestation/vuln/v1` (cosign, specs/COSIGN_VULN_ATTESTATION_SPEC.md)
 * and `https://in-toto.io/attestation/vulns/v0.1` (in-toto, spec/predicates/vulns.md).
 * `undefined` for anything else.
 */
export function readScan(document: unknown): ScanReport | undefined {
  const found = readAny(document);
  if (found === undefined) return undefined;
  const findings = found.findings.toSorted(
    (a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
  return { ...found, findings };
}

const rank = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);

function readAny(document: unknown): ScanReport | undefined {
  if (!isRecord(document)) return undefined;
  if (Array.isArray(document['runs'])) return sarif(document['runs']);
  if (Array.isArray(document['Results'])) return trivy(document['Results']);
  if (Array.isArray(document['matches'])) return grype(document['matches']);
  return isRecord(document['scanner']) ? predicate(document['scanner']) : undefined;
}

/** Both predicates name the scanner; its result is a list of in-toto's form or any report. */
function predicate(scanner: Readonly<Record<string, unknown>>): ScanReport {
  const name = [text(scanner['uri']), text(scanner['version'])].filter((part) => part !== '');
  const { result } = scanner;
  const inner = Array.isArray(result) ? undefined : readAny(result);
  const uri = name[0] ?? '';
  const label = uri.includes('@') ? uri : name.join(' ');
  return { scanner: label, findings: inner?.findings ?? records(result).map(intoto) };
}

function intoto(one: Readonly<Record<string, unknown>>): Finding {
  const ratings = records(one['severity']).map(({ score }) => rate(text(score)));
  return { severity: worst(ratings), id: text(one['id']), where: '', fixedIn: '' };
}

function trivy(results: readonly unknown[]): ScanReport {
  const findings = records(results).flatMap((result) =>
    records(result['Vulnerabilities']).map((one) => ({
      severity: rate(text(one['Severity'])),
      id: text(one['VulnerabilityID']),
      where: words(one['PkgName'], one['InstalledVersion']),
      fixedIn: text(one['FixedVersion']),
    })),
  );
  return { scanner: 'Trivy', findings };
}

function grype(matches: readonly unknown[]): ScanReport {
  const findings = records(matches).map((match) => {
    const vulnerability = asRecord(match['vulnerability']);
    const artifact = asRecord(match['artifact']);
    const versions = asRecord(vulnerability['fix'])['versions'];
    return {
      severity: rate(text(vulnerability['severity'])),
      id: text(vulnerability['id']),
      where: words(artifact['name'], artifact['version']),
      fixedIn: Array.isArray(versions) ? versions.map(text).join(', ') : '',
    };
  });
  return { scanner: 'Grype', findings };
}

function sarif(runs: readonly unknown[]): ScanReport {
  const names: string[] = [];
  const findings = records(runs).flatMap((run) => {
    const driver = asRecord(asRecord(run['tool'])['driver']);
    names.push(words(driver['name'], driver['version']));
    const rules = records(driver['rules']);
    return records(run['results']).flatMap((result) => {
      if (Array.isArray(result['suppressions']) && result['suppressions'].length > 0) return [];
      const rule = asRecord(ruleOf(result, rules));
      return [
        {
          severity: sarifSeverity(result, rule),
          id: text(result['ruleId']) || text(rule['id']),
          where: location(result),
          fixedIn: '',
        },
      ];
    });
  });
  return { scanner: names.join(', '), findings };
}

/** SARIF 2.1.0 section 3.52.3: by identifier or by index. */
function ruleOf(
  result: Readonly<Record<string, unknown>>,
  rules: readonly Readonly<Record<string, unknown>>[],
): unknown {
  const reference = asRecord(result['rule']);
  const id = text(result['ruleId']) || text(reference['id']);
  const index = result['ruleIndex'] ?? reference['index'];
  return typeof index === 'number' && rules[index] !== undefined
    ? rules[index]
    : rules.find((rule) => rule['id'] === id);
}

/** GitHub's `security-severity` is a CVSS score; Trivy adds its word as a tag. */
function sarifSeverity(
  result: Readonly<Record<string, unknown>>,
  rule: Readonly<Record<string, unknown>>,
): Severity {
  const properties = [result, rule].map((one) => asRecord(one['properties']));
  for (const one of properties) {
    const rated = rate(text(one['security-severity']));
    if (rated !== 'unknown') return rated;
  }
  const tags = properties.flatMap(({ tags: list }) => (Array.isArray(list) ? list.map(text) : []));
  const tagged = worst(tags.filter((tag) => !/^[\d.]+$/u.test(tag)).map(rate));
  if (tagged !== 'unknown') return tagged;
  const level = text(result['level']) || text(asRecord(rule['defaultConfiguration'])['level']);
  return LEVELS[level === '' ? 'warning' : level] ?? 'unknown';
}

/** SARIF 2.1.0 section 3.27.10; `warning` is the default. */
const LEVELS: Readonly<Record<string, Severity>> = {
  error: 'high',
  warning: 'medium',
  note: 'low',
};

function location(result: Readonly<Record<string, unknown>>): string {
  const [first] = records(result['locations']);
  const physical = asRecord(asRecord(first)['physicalLocation']);
  return text(asRecord(physical['artifactLocation'])['uri']);
}

const WORDS: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  high: 'high',
  important: 'high',
  medium: 'medium',
  moderate: 'medium',
  low: 'low',
  negligible: 'low',
  minor: 'low',
};

/** A word, or a CVSS base score with its ratings (CVSS v3.1 section 5). */
function rate(severity: string): Severity {
  const word = WORDS[severity.trim().toLowerCase()];
  if (word !== undefined) return word;
  const score = /^\d+(?:\.\d+)?$/u.test(severity.trim()) ? Number(severity) : 0;
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  if (score >= 4) return 'medium';
  return score > 0 ? 'low' : 'unknown';
}

function worst(ratings: readonly Severity[]): Severity {
  return SEVERITIES.find((one) => ratings.includes(one)) ?? 'unknown';
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function words(...parts: readonly unknown[]): string {
  return parts
    .map(text)
    .filter((part) => part !== '')
    .join(' ');
}
