import { SEVERITIES, type ScanReport, type Severity } from '../../artifact/referrers/scan.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { renderTable } from '../output/table.ts';
import type { Style } from '../result.ts';

/** Renders a scan report: the numbers by severity, then a row for each finding, worst first. */
export function scanTable({ scanner, findings }: ScanReport, style: Style): string {
  const by = scanner === '' ? '' : ` (${sanitize(scanner)})`;
  if (findings.length === 0) return `No vulnerabilities${by}`;
  const counts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  const rows = findings.map(({ severity, id, where, fixedIn }) =>
    [severity.toUpperCase(), id, where, fixedIn].map(sanitize),
  );
  const columns = [
    { title: 'SEVERITY' },
    { title: 'ID' },
    { title: 'PACKAGE', shrink: true },
    { title: 'FIXED IN' },
  ];
  const kept = columns
    .map((_column, i) => i)
    .filter((i) => i < 2 || rows.some((row) => row[i] !== ''));
  const table = renderTable(
    kept.flatMap((i) => columns[i] ?? []),
    rows.map((row) => kept.map((i) => row[i] ?? '')),
    style,
  );
  const [header = '', ...lines] = table.split('\n');
  const colored = lines.map((line, i) => colorOf(findings[i]?.severity, style)(line));
  const total = `${findings.length} ${findings.length === 1 ? 'vulnerability' : 'vulnerabilities'}`;
  return [`${style.bold(total)}: ${counts.join(', ')}${by}`, header, ...colored].join('\n');
}

function colorOf(severity: Severity | undefined, style: Style): (text: string) => string {
  if (severity === 'critical' || severity === 'high') return style.red;
  return severity === 'medium' ? style.yellow : (text) => text;
}
