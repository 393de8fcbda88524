import type { FC } from 'hono/jsx';
import { safeText } from '../../errors/sanitize.ts';
import { AppError } from '../../errors/app-error.ts';
import { HOME } from '../links.ts';
import type { UiOptions } from '../types.ts';
import { Page } from './layout.tsx';

type ProblemFacts = Pick<AppError, 'message' | 'why' | 'hint'>;

/** What a page shows of an error; a bug is reported in the terminal. */
export function problemOf(error: unknown, { onBug }: Pick<UiOptions, 'onBug'>): AppError {
  if (error instanceof AppError) return error;
  onBug(error);
  return new AppError('INTERNAL', 'this page failed', {
    hint: 'This is a bug in regctl. The terminal shows the details.',
  });
}

/** The three parts of an error, as the command line prints them. */
export const Problem: FC<{ error: ProblemFacts }> = ({ error }) => (
  <div class="problem" role="alert">
    <p class="title">{safeText(error.message, false)}</p>
    {error.why.length === 0 ? null : <p>{safeText(error.why.join('; '), false)}</p>}
    {error.hint === undefined ? null : <p class="hint">{safeText(error.hint, false)}</p>}
  </div>
);

export const ProblemPage: FC<{ title: string; error: ProblemFacts }> = ({ title, error }) => (
  <Page title={title} trail={[{ text: 'Registries', href: HOME }, { text: title }]}>
    <h1>{title}</h1>
    <Problem error={error} />
  </Page>
);

/** Shown to a browser that has not used the key of the terminal; loads nothing but the style. */
export const LockedPage: FC<{ goesOn: boolean }> = ({ goesOn }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      {goesOn ? <meta http-equiv="refresh" content="0; url=/" /> : null}
      <title>Locked · regctl</title>
      <link rel="stylesheet" href="/assets/style.css" />
    </head>
    <body>
      <main>
        <h1>This page is locked</h1>
        <p>
          Only a browser that opened the address from the terminal may see it. The address works
          once and for one minute. If it was used or is too old, <code>regctl ui</code> has printed
          a fresh one in its terminal.
        </p>
        <p>
          <a href="/">Continue</a>
        </p>
      </main>
    </body>
  </html>
);
