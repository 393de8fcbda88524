/** The shells that have a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish', 'pwsh'] as const;
