import { AppError, IntegrityError, RegistryError } from '../../errors/app-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';

export interface MirrorEvents {
  /** Reports a problem to the user. */
  readonly warn: (text: string) => void;
  /** Reports which location answered. */
  readonly note: (text: string) => void;
  /** `--debug`. */
  readonly trace: ((text: string) => void) | undefined;
}

/** The state of one client's mirrors. */
export interface MirrorHealth {
  /** Whether to ask it; a failed mirror is not asked again. */
  isUsable(place: { readonly label: string; readonly host: string }): boolean;
  /** @throws `error` itself if it is not a failure of the mirror */
  failed(place: { readonly label: string; readonly host: string }, error: unknown): AppError;
  /** Notes each text once. */
  noteOnce(text: string): void;
  readonly events: MirrorEvents;
}

/** The mirror lacks only this object; it may have the next one. */
export const MISSING: ReadonlySet<ErrorCode> = new Set([
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
  'REPOSITORY_UNKNOWN',
]);

/** The whole host is down. */
const HOST_DOWN: ReadonlySet<ErrorCode> = new Set(['NETWORK', 'TIMEOUT', 'TLS', 'RATE_LIMITED']);

export function createMirrorHealth(events: MirrorEvents): MirrorHealth {
  const down = new Set<string>();
  const told = new Set<string>();
  return {
    events,
    isUsable: ({ label, host }) => !down.has(label) && !down.has(host),
    failed({ label, host }, error) {
      if (!(error instanceof AppError)) throw error;
      down.add(isHostDown(error) ? host : label);
      events.trace?.(`mirror ${label}: ${error.message}`);
      if (error instanceof IntegrityError || error.code === 'INVALID_MANIFEST') {
        events.warn(`the mirror ${label} gave wrong content: ${error.message}`);
      }
      return error;
    },
    noteOnce(text) {
      if (told.has(text)) return;
      told.add(text);
      events.note(text);
    },
  };
}

function isHostDown(error: AppError): boolean {
  return HOST_DOWN.has(error.code) || (error instanceof RegistryError && error.status >= 500);
}
