import type { Style } from '../result.ts';
import { displayWidth, padEnd, padStart, truncate } from './width.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Shrinks on a narrow terminal; at most one column can. */
  readonly shrink?: boolean;
}

const GAP = '  ';

/** Minimum width of a shrinking column. */
const MIN_SHRUNK = 8;

/**
 * Renders aligned columns below a bold header. Cells are plain, sanitized text. On a terminal,
 * truncates the shrinking column so that a row fits one line; a file or pipe gets all text.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[i] ?? ''))),
  );
  const shrinking = columns.findIndex((column) => column.shrink === true);
  if (style.terminal && shrinking >= 0) {
    const total = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
    const least = Math.max(MIN_SHRUNK, displayWidth(columns[shrinking]?.title ?? ''));
    const width = widths[shrinking] ?? 0;
    widths[shrinking] = Math.max(Math.min(width, least), width - Math.max(0, total - style.width));
  }
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
