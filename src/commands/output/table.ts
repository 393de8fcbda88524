import type { Style } from '../result.ts';
import { displayWidth, padEnd, padStart, truncate } from './width.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Shrinks on a narrow terminal, the last such column first. */
  readonly shrink?: boolean;
}

const GAP = '  ';

/** Minimum width of a shrinking column. */
const MIN_SHRUNK = 8;

/** Makes columns narrower until a row fits, as far as that goes. */
function shrink(columns: readonly Column[], widths: number[], available: number): void {
  for (const [i, column] of [...columns.entries()].toReversed()) {
    if (column.shrink !== true) continue;
    const total = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
    const least = Math.max(MIN_SHRUNK, displayWidth(column.title));
    const width = widths[i] ?? 0;
    widths[i] = Math.max(Math.min(width, least), width - Math.max(0, total - available));
  }
}

/**
 * Renders aligned columns below a bold header. Cells are plain, sanitized text. On a terminal,
 * truncates shrinking columns so that a row fits one line; a file or pipe gets all text.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[i] ?? ''))),
  );
  if (style.terminal) shrink(columns, widths, style.width);
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, i) => {
        const cell = truncate(cells[i] ?? '', widths[i] ?? 0);
        const pad = column.align === 'right' ? padStart : padEnd;
        return pad(cell, widths[i] ?? 0);
      })
      .join(GAP)
      .trimEnd();
  const header = style.bold(line(columns.map((column) => column.title)));
  return [header, ...rows.map(line)].join('\n');
}
