/** What was tried, for messages: "cannot read manifest ghcr.io/a/b:latest". */
export interface Operation {
  /** "read manifest" */
  readonly action: string;
  /** "ghcr.io/a/b:latest" */
  readonly target: string;
  /** Decides what a 404 means. */
  readonly kind: 'manifest' | 'blob' | 'upload' | 'repository' | 'registry';
}
