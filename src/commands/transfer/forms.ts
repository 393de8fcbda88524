/** Values of crane's `--format`: the format of the pulled image. */
export const FORMS = ['tarball', 'legacy', 'oci'] as const;
