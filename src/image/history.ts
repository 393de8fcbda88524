import type { Descriptor } from '../oci/descriptor.ts';
import type { HistoryEntry } from './config.ts';

/** A step of an image's history and the layer that it made, or a layer without a step. */
export interface LayerStep {
  readonly layer: Descriptor | undefined;
  readonly text: string;
}

/**
 * Joins layers and history in their order. A history that does not have one step per layer is left
 * out: some builders write none, or only their own part.
 */
export function layerSteps(
  layers: readonly Descriptor[],
  history: readonly HistoryEntry[],
): readonly LayerStep[] {
  const made = history.filter((step) => !step.emptyLayer).length;
  if (made !== layers.length) return layers.map((layer) => ({ layer, text: '' }));
  const rest = layers.values();
  return history.map((step) => ({
    layer: step.emptyLayer ? undefined : rest.next().value,
    text: stepText(step.createdBy ?? step.comment ?? ''),
  }));
}

/** The command of a step as its author wrote it, in one line. */
export function stepText(createdBy: string): string {
  return createdBy
    .replace(/^\/bin\/sh -c (?:#\(nop\)\s*)?/u, '')
    .replaceAll(/\s+/gu, ' ')
    .trim();
}
