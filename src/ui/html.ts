import type { Context } from 'hono';
import { html } from 'hono/html';
import type { JSX } from 'hono/jsx/jsx-runtime';

/** Answers with a whole page. */
export function sendPage(
  c: Context,
  page: JSX.Element,
  status: 200 | 400 | 401 | 403 | 404 | 429 | 500 | 502 = 200,
): Response | Promise<Response> {
  return c.html(html`<!doctype html>${page}`, status);
}
