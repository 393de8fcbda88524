import { describe, expect, it } from 'vitest';
import { readScan } from '../../../src/artifact/referrers/scan.ts';

const shown = (document: unknown): readonly string[] | undefined =>
  readScan(document)?.findings.map(({ severity, id, where, fixedIn }) =>
    [severity, id, where, fixedIn].join(' | '),
  );

describe('scan reports', () => {
  it('of Trivy are sorted by severity, then by identifier', () => {
    const Vulnerabilities = [
      { VulnerabilityID: 'CVE-2', PkgName: 'musl', InstalledVersion: '1.2', Severity: 'LOW' },
      { VulnerabilityID: 'CVE-9', PkgName: 'zlib', FixedVersion: '1.4', Severity: 'CRITICAL' },
      { VulnerabilityID: 'CVE-1', PkgName: 'musl', Severity: 'UNKNOWN' },
      { VulnerabilityID: 'CVE-1', PkgName: 'musl', Severity: 'LOW' },
    ];
    expect(shown({ Results: [{ Vulnerabilities }, { Target: 'nothing found' }] })).toEqual([
      'critical | CVE-9 | zlib | 1.4',
      'low | CVE-1 | musl | ',
      'low | CVE-2 | musl 1.2 | ',
      'unknown | CVE-1 | musl | ',
    ]);
  });

  it('of Grype name the fixed versions', () => {
    const matches = [
      {
        vulnerability: { id: 'GHSA-1', severity: 'Negligible', fix: { versions: ['2', '3.1'] } },
        artifact: { name: 'openssl', version: '1' },
      },
    ];
    expect(shown({ matches })).toEqual(['low | GHSA-1 | openssl 1 | 2, 3.1']);
  });

  it('in SARIF take the CVSS score, else the tag, else the level', () => {
    const rules = [
      { id: 'CVE-1', properties: { 'security-severity': '9.8' } },
      { id: 'CVE-2', properties: { tags: ['vulnerability', 'security', 'MEDIUM'] } },
      { id: 'CVE-3', defaultConfiguration: { level: 'note' } },
    ];
    const locations = [{ physicalLocation: { artifactLocation: { uri: 'library/musl' } } }];
    const results = [
      { ruleId: 'CVE-3' },
      { ruleId: 'CVE-2', level: 'error' },
      { ruleIndex: 0, locations },
      { ruleId: 'CVE-4', level: 'error' },
      { ruleId: 'CVE-5' },
      { ruleId: 'CVE-6', suppressions: [{ kind: 'external' }] },
    ];
    const document = {
      version: '2.1.0',
      runs: [{ tool: { driver: { name: 'T', rules } }, results }],
    };
    expect(readScan(document)?.scanner).toBe('T');
    expect(shown(document)).toEqual([
      'critical | CVE-1 | library/musl | ',
      'high | CVE-4 |  | ',
      'medium | CVE-2 |  | ',
      'medium | CVE-5 |  | ',
      'low | CVE-3 |  | ',
    ]);
  });

  it.each([
    ['9.0', 'critical'],
    ['8.9', 'high'],
    ['4', 'medium'],
    ['0.1', 'low'],
    ['0', 'unknown'],
    ['Important', 'high'],
    ['CVSS:3.1/AV:N', 'unknown'],
  ])('of in-toto rate %s as %s', (score, severity) => {
    const result = [{ id: 'CVE-1', severity: [{ method: 'CVSS_V3', score }] }];
    const report = readScan({ scanner: { uri: 'https://s.example', version: '1', result } });
    expect(report?.scanner).toBe('https://s.example 1');
    expect(report?.findings[0]?.severity).toBe(severity);
  });

  it('of cosign hold the report of a scanner', () => {
    const result = {
      Results: [{ Vulnerabilities: [{ VulnerabilityID: 'CVE-1', Severity: 'HIGH' }] }],
    };
    const scanner = { uri: 'pkg:github/aquasecurity/trivy@0.60.0', version: '0.60.0', result };
    expect(readScan({ scanner })).toMatchObject({
      scanner: 'pkg:github/aquasecurity/trivy@0.60.0',
      findings: [{ severity: 'high', id: 'CVE-1' }],
    });
  });

  it.each([[null], [[]], [{}], [{ spdxVersion: 'SPDX-2.3' }]])('are not %j', (document) => {
    expect(readScan(document)).toBeUndefined();
  });
});
