/** What crane's `--format` names: the form of what is pulled. */
export const FORMS = ['tarball', 'legacy', 'oci'] as const;
