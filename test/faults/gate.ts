import type { Fault } from '../helpers/fault-proxy.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';

/** A gate that lets those pass who have a token that was not revoked. */
export interface Gate extends AsyncDisposable {
  readonly issued: () => number;
  /** Every token so far is worth nothing from now on; what a registry then says. */
  revoke(): { readonly status: 401; readonly headers: Record<string, string> };
  check(authorization: string | undefined): Fault | undefined;
}

export async function startGate(name: string): Promise<Gate> {
  let issued = 0;
  let firstGood = 1;
  const server = await startScriptedServer(() => {
    issued += 1;
    return { status: 200, body: JSON.stringify({ token: `${name}-${issued}`, expires_in: 300 }) };
  });
  const challenge = `Bearer realm="${server.origin}/token",service="gate"`;
  const refusal = { status: 401, headers: { 'www-authenticate': challenge } } as const;
  return {
    issued: () => issued,
    revoke() {
      firstGood = issued + 1;
      return refusal;
    },
    check(authorization) {
      const number = Number(/^Bearer \w+-(\d+)$/u.exec(authorization ?? '')?.[1] ?? 0);
      return number >= firstGood ? undefined : { kind: 'answer', ...refusal };
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
