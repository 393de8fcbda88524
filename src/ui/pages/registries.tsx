import type { FC } from 'hono/jsx';
import { repositoriesPath, tagsPath } from '../links.ts';
import { Page } from './layout.tsx';
import { Section, visible } from './widgets.tsx';

export interface RegistriesProps {
  /** With a stored login. */
  readonly logins: readonly string[];
  /** Repositories that were opened before. */
  readonly seen: readonly string[];
}

export const RegistriesPage: FC<RegistriesProps> = ({ logins, seen }) => (
  <Page title="Registries" trail={[{ text: 'Registries' }]}>
    <h1>Registries</h1>
    <p>Open any registry, repository or image by its name above, or choose one.</p>
    <Section id="logins" title="With your login">
      {logins.length === 0 ? (
        <p>
          No login is stored. Log in with <code>regctl login REGISTRY</code>.
        </p>
      ) : (
        <ul class="names">
          {logins.map((name) => (
            <li>
              <a href={repositoriesPath(name)}>{visible(name)}</a>
            </li>
          ))}
        </ul>
      )}
    </Section>
    {seen.length === 0 ? null : (
      <Section id="seen" title="Opened before">
        <ul class="names">
          {seen.map((name) => (
            <li>
              <a href={tagsPath(name)}>{visible(name)}</a>
            </li>
          ))}
        </ul>
      </Section>
    )}
  </Page>
);
