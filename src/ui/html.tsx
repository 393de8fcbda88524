import type { Context } from 'hono';
import { createContext } from 'hono/jsx';
import { html } from 'hono/html';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { PullAllowance } from '../store/types.ts';

export const THEMES = ['light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** What all pages show around their contents. */
export interface Frame {
  /** Path and query of the page. */
  readonly here: string;
  /** `undefined`: as the system. */
  readonly theme: Theme | undefined;
  /** Registries to switch to. */
  readonly registries: readonly { readonly name: string; readonly isSignedIn: boolean }[];
  /** What a registry said last about its pull limit. */
  readonly pullsLeft: (registry: string) => PullAllowance | undefined;
}

const BARE: Frame = {
  here: '/',
  theme: undefined,
  registries: [],
  pullsLeft: () => undefined,
};

export const FrameContext = createContext(BARE);

/** What a request carries: the cookie of its session, and the frame of its page. */
export interface UiEnv {
  readonly Variables: {
    readonly session: string;
    /** Absent before the browser has logged in. */
    readonly frame: Frame | undefined;
  };
}

/** Answers with a whole page. */
export function sendPage(
  c: Context<UiEnv>,
  page: JSX.Element,
  status: 200 | 400 | 401 | 403 | 404 | 429 | 500 | 502 = 200,
): Response | Promise<Response> {
  const framed = (
    <FrameContext.Provider value={c.get('frame') ?? BARE}>{page}</FrameContext.Provider>
  );
  return c.html(html`<!doctype html>${framed}`, status);
}
