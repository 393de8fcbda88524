import type { Context } from 'hono';
import { createContext } from 'hono/jsx';
import { html, raw } from 'hono/html';
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

const framed = (c: Context<UiEnv>, page: JSX.Element): ReturnType<typeof html> =>
  html`<!doctype html>
    ${<FrameContext.Provider value={c.get('frame') ?? BARE}>{page}</FrameContext.Provider>}`;

/** Answers with a whole page. */
export function sendPage(
  c: Context<UiEnv>,
  page: JSX.Element,
  status: 200 | 400 | 401 | 403 | 404 | 429 | 500 | 502 = 200,
): Response | Promise<Response> {
  return c.html(framed(c, page), status);
}

/** Where the second part begins. Remote text cannot hold it, because "<" is escaped. */
const MARK = '<!--rest-->';
const Mark = (): JSX.Element => <>{raw(MARK)}</>;

/**
 * Answers with a page in two parts: what stands above `rest` at once, and `rest` with what follows
 * it when it has been read. `read` reports its own errors, as the status is already sent.
 */
export function sendInTwoParts<T>(
  c: Context<UiEnv>,
  page: (rest: JSX.Element, read: T | undefined) => JSX.Element,
  read: () => Promise<{ readonly rest: JSX.Element; readonly read: T }>,
): Response {
  const encoder = new TextEncoder();
  const part = async (of: 0 | 1, element: JSX.Element): Promise<Uint8Array> => {
    return encoder.encode(String(await framed(c, element)).split(MARK)[of]);
  };
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield part(0, page(<Mark />, undefined));
    const found = await read();
    const rest = (
      <>
        <Mark />
        {found.rest}
      </>
    );
    yield part(1, page(rest, found.read));
  }
  return c.body(ReadableStream.from(parts()), 200, { 'content-type': 'text/html; charset=UTF-8' });
}
