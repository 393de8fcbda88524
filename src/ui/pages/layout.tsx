import { useContext, type Child, type FC } from 'hono/jsx';
import { FrameContext, THEMES, type Frame } from '../html.tsx';
import { HOME, imagePath, repositoriesPath, tagsPath } from '../links.ts';
import { Copy, visible } from './widgets.tsx';

export interface PageProps {
  readonly title: string;
  /** Where the page stands: links from the registry down, and the page itself. */
  readonly trail: readonly { readonly text: string; readonly href?: string }[];
  /** The command that prints what the page shows. */
  readonly command?: string | undefined;
  /** Requests to registries that the page took. */
  readonly requests?: number | undefined;
  readonly children?: Child;
}

/** The trail of a page below an image. */
export function trailOfImage(image: string, repository: string, text: string): PageProps['trail'] {
  return [
    ...trailOfRepository(repository),
    { text: image.slice(repository.length + 1), href: imagePath(image) },
    { text },
  ];
}

/** The trail down to a repository, with a link to it. */
export function trailOfRepository(repository: string): PageProps['trail'] {
  const [registry = '', ...path] = repository.split('/');
  return [
    { text: 'Registries', href: HOME },
    { text: registry, href: repositoriesPath(registry) },
    { text: path.join('/'), href: tagsPath(repository) },
  ];
}

const THEME_SIGNS = { light: '☀', dark: '☾' } as const;

/** A press on the active one returns to the colors of the system. */
const Themes: FC<Pick<Frame, 'here' | 'theme'>> = ({ here, theme }) => (
  <form action="/theme" method="get" class="themes">
    <input type="hidden" name="back" value={here} />
    {THEMES.map((one) => (
      <button
        type="submit"
        name="to"
        value={one === theme ? 'system' : one}
        aria-pressed={one === theme ? 'true' : 'false'}
        aria-label={`${one} colors`}
      >
        {THEME_SIGNS[one]}
      </button>
    ))}
  </form>
);

const Switcher: FC<Pick<Frame, 'registries'> & { current: string | undefined }> = ({
  registries,
  current,
}) => (
  <form action="/open" method="get" class="switcher">
    <label for="registry" class="visually-hidden">
      Registry
    </label>
    <select id="registry" name="name">
      {registries.map(({ name, isSignedIn }) => (
        <option value={`${name}/`} selected={name === current}>
          {visible(name, 100)}
          {isSignedIn ? ', signed in' : ''}
        </option>
      ))}
    </select>
    <button type="submit">Go</button>
  </form>
);

/** What the registry said with its last answer; asking for it would be a request of its own. */
export const PullsLeft: FC<{ left: ReturnType<Frame['pullsLeft']> }> = ({ left }) =>
  left?.remaining === undefined ? (
    <></>
  ) : (
    <span class="pulls">
      {left.remaining} {left.remaining === 1 ? 'pull' : 'pulls'} left
    </span>
  );

export const Page: FC<PageProps> = (props) => (
  <Framed {...props} frame={useContext(FrameContext)} />
);

const Framed: FC<PageProps & { frame: Frame }> = ({
  title,
  trail,
  command,
  requests,
  children,
  frame,
}) => (
  <html lang="en" data-theme={frame.theme}>
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${visible(title, 200)} · regctl`}</title>
      <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/assets/style.css" />
      <script src="/assets/script.js" defer></script>
    </head>
    <body>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={HOME}>
          regctl ui
        </a>
        <form action="/open" method="get" role="search" class="open">
          <label for="open-name">Open</label>
          <input
            id="open-name"
            name="name"
            type="text"
            placeholder="registry, repository or image"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            required
          />
          <button type="submit">Open</button>
        </form>
        {frame.registries.length === 0 ? null : (
          <Switcher registries={frame.registries} current={trail[1]?.text} />
        )}
        <PullsLeft left={frame.pullsLeft(trail[1]?.text ?? '')} />
        <Themes here={frame.here} theme={frame.theme} />
      </header>
      <main id="main" tabindex={-1}>
        <nav aria-label="Breadcrumb" class="trail">
          <ol>
            {trail.map(({ text, href }) => (
              <li>
                {href === undefined ? (
                  <span aria-current="page">{visible(text, 300)}</span>
                ) : (
                  <a href={href}>{visible(text, 300)}</a>
                )}
              </li>
            ))}
          </ol>
        </nav>
        {children}
      </main>
      <footer>
        {command === undefined ? null : (
          <p>
            In a terminal: <Copy text={command} label="the command" />
          </p>
        )}
        {requests === undefined ? null : (
          <p class="cost">
            This page took {requests} {requests === 1 ? 'request' : 'requests'} to registries.
          </p>
        )}
      </footer>
    </body>
  </html>
);
