/** The registry's content. */
export interface Store {
  get(name: string): { readonly digest: string; readonly bytes: Buffer } | undefined;
}

export function listen(
  store: object,
  options?: { readonly log?: string[]; readonly auth?: string | undefined },
): Promise<{ readonly port: number; close(): Promise<void> }>;
