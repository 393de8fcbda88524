import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** How long a key can be used. */
export const KEY_MS = 60_000;

/** Keys that log a browser in once, and the sessions of the browsers that used one. */
export interface Sessions {
  /** Returns a fresh key, or `undefined` while the last one can still be used. */
  issueKey(): string | undefined;
  /** Exchanges a key for the value of a session's cookie; `undefined` if it is used up or wrong. */
  redeem(key: string): string | undefined;
  isOpen(cookie: string | undefined): cookie is string;
  /** The token in the forms of a session that change something. */
  formToken(cookie: string): string;
  isFormToken(cookie: string, token: string): boolean;
}

export function createSessions(now: () => Date): Sessions {
  const secret = randomBytes(32);
  const sign = (use: string, text: string): Buffer =>
    createHmac('sha256', secret).update(`${use}\0${text}`).digest();
  let live: { readonly proof: Buffer; readonly until: number } | undefined;
  const open: Buffer[] = [];
  const isLive = (): boolean => live !== undefined && now().getTime() < live.until;
  const formToken = (cookie: string): string => sign('form', cookie).toString('base64url');
  return {
    issueKey() {
      if (isLive()) return undefined;
      const key = randomBytes(32).toString('base64url');
      live = { proof: sign('key', key), until: now().getTime() + KEY_MS };
      return key;
    },
    redeem(key) {
      if (live === undefined || !isLive() || !timingSafeEqual(sign('key', key), live.proof)) {
        return undefined;
      }
      live = undefined;
      const cookie = randomBytes(32).toString('base64url');
      open.push(sign('cookie', cookie));
      return cookie;
    },
    isOpen: (cookie): cookie is string =>
      cookie !== undefined && open.some((one) => timingSafeEqual(sign('cookie', cookie), one)),
    formToken,
    isFormToken: (cookie, token) =>
      timingSafeEqual(sign('compare', formToken(cookie)), sign('compare', token)),
  };
}
