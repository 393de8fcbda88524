import { Hono, type Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { AppError } from '../errors/app-error.ts';
import { EXIT_STATUS } from '../errors/codes.ts';
import { ICON } from './assets/icon.ts';
import { SCRIPT } from './assets/script.ts';
import { STYLE } from './assets/style.ts';
import { isFromElsewhere, isOwnHost, SECURITY_HEADERS } from './access/headers.ts';
import type { Sessions } from './access/sessions.ts';
import { sendPage, THEMES, type UiEnv } from './html.tsx';
import { LockedPage, ProblemPage, problemOf } from './pages/problem.tsx';
import { FactsCache } from './data/facts.ts';
import { createVisits } from './data/visits.ts';
import { addDeletePages } from './delete-routes.tsx';
import { addDetailPages } from './detail-routes.tsx';
import { addPages, signalOf } from './routes.tsx';
import { addTagPages } from './tag-routes.tsx';
import type { UiOptions } from './types.ts';

export interface AppOptions extends UiOptions {
  readonly sessions: Sessions;
  /** The port that it listens on. */
  readonly port: () => number;
  /** Ends the requests of pages when the program stops. */
  readonly signal?: AbortSignal | undefined;
}

const ASSETS: Readonly<Record<string, readonly [type: string, text: string]>> = {
  'style.css': ['text/css; charset=utf-8', STYLE],
  'script.js': ['text/javascript; charset=utf-8', SCRIPT],
  'icon.svg': ['image/svg+xml', ICON],
};

/** Answers only browsers of this machine that used a key; every page stands behind it. */
export function createApp(options: AppOptions): Hono<UiEnv> {
  const { sessions, port, onKey } = options;
  const app = new Hono<UiEnv>();
  const cookieName = (): string => `regctl-ui-${port()}`;
  const themeCookie = (): string => `${cookieName()}-theme`;
  const visits = createVisits(options);
  const pages = { ...options, visits, cache: new FactsCache(options.now) };

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
  });
  app.use(async (c, next) => {
    const header = (name: string): string | undefined => c.req.header(name);
    if (!isOwnHost(header, port())) return c.text('This is not a name of regctl ui.\n', 421);
    await next();
    return undefined;
  });
  app.get('/assets/:name', (c) => {
    const asset = Object.hasOwn(ASSETS, c.req.param('name'))
      ? ASSETS[c.req.param('name')]
      : undefined;
    if (asset === undefined) return c.notFound();
    return c.body(asset[1], 200, { 'content-type': asset[0] });
  });
  app.use(async (c, next) => {
    const key = c.req.query('key');
    if (key !== undefined && c.req.method === 'GET') {
      const cookie = sessions.redeem(key);
      if (cookie !== undefined) {
        setCookie(c, cookieName(), cookie, { httpOnly: true, sameSite: 'Strict', path: '/' });
        return c.redirect(withoutKey(c), 303);
      }
    }
    const isStranger = isFromElsewhere((name) => c.req.header(name));
    const cookie = getCookie(c, cookieName());
    if (isStranger || !sessions.isOpen(cookie)) {
      // After the key of a file, the browser sends the cookie only to a page that it asks for again.
      const goesOn = isStranger && c.req.path === '/';
      if (!goesOn) {
        if (cookie !== undefined && !isStranger) deleteCookie(c, cookieName());
        const fresh = sessions.issueKey();
        if (fresh !== undefined) onKey(fresh);
      }
      return sendPage(c, <LockedPage goesOn={goesOn} />, 401);
    }
    c.set('session', cookie);
    c.set('frame', {
      here: c.req.method === 'GET' ? localPath(c.req.url) : '/',
      theme: THEMES.find((one) => one === getCookie(c, themeCookie())),
      registries: visits.registries(),
      pullsLeft: (registry) => visits.pullsLeft(registry),
    });
    await next();
    return undefined;
  });
  app.get('/theme', (c) => {
    const theme = THEMES.find((one) => one === c.req.query('to'));
    const kept = { httpOnly: true, sameSite: 'Strict', path: '/', maxAge: THEME_SECONDS } as const;
    if (theme === undefined) deleteCookie(c, themeCookie());
    else setCookie(c, themeCookie(), theme, kept);
    return c.redirect(localPath(new URL(c.req.query('back') ?? '/', c.req.url).href), 303);
  });
  addPages(app, pages);
  addTagPages(app, pages);
  addDetailPages(app, pages);
  if (options.allowDelete) addDeletePages(app, pages, sessions);
  app.notFound((c) =>
    sendPage(
      c,
      <ProblemPage
        title="No such page"
        error={{ message: 'there is no such page', why: [], hint: 'Start at the registries.' }}
      />,
      404,
    ),
  );
  app.onError((error, c) => {
    // The browser left, or the program stops: nobody reads the answer.
    if (signalOf(options, c).aborted) return c.body(null, 503);
    const shown = problemOf(error, options);
    return sendPage(c, <ProblemPage title="Cannot show this" error={shown} />, statusOf(shown));
  });
  return app;
}

const THEME_SECONDS = 365 * 24 * 3600;

/** The address of a request without its key. */
function withoutKey(c: Context): string {
  const url = new URL(c.req.url);
  url.searchParams.delete('key');
  return localPath(url.href);
}

/** Path and query of an address; a path, so that it never leads to another host. */
function localPath(address: string): string {
  const { pathname, search } = new URL(address);
  return `/${pathname.replace(/^[/\\]+/u, '')}${search}`;
}

/** HTTP statuses of errors by their exit status; what a registry did wrong is 502. */
const STATUSES: Readonly<Record<number, 400 | 403 | 404 | 429>> = {
  2: 404,
  3: 403,
  4: 429,
  64: 400,
};

function statusOf({ code }: AppError): 400 | 403 | 404 | 429 | 500 | 502 {
  return code === 'INTERNAL' ? 500 : (STATUSES[EXIT_STATUS[code]] ?? 502);
}
