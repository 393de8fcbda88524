import { expect, it } from 'vitest';
import { engineFailure } from '../../src/transports/engine-failure.ts';

const failure = (words: string, text?: string) =>
  engineFailure({ what: 'it failed', words, text, usage: 'docker system df', hint: 'the log' });

it('says what the engine said, in one line', () => {
  expect(failure(`bad\u001b[31m ${'x'.repeat(400)}`)).toMatchObject({
    code: 'ENGINE_ERROR',
    message: `it failed: bad\\x1b[31m ${'x'.repeat(291)}`,
    hint: 'the log',
  });
});

it.each([
  ['write /var/x: no space left on device', undefined, 'write /var/x: no space left on device'],
  [
    ' * dir: not a directory',
    'copying: write /a/b: no space left on device\n * dir: no',
    'write /a/b: no space left on device',
  ],
  [`${'x'.repeat(900)}: No space left on device`, undefined, 'No space left on device'],
  ['disk quota exceeded', undefined, 'disk quota exceeded'],
])('a full disk is all that is said: %#', (words, text, said) => {
  expect(failure(words, text)).toMatchObject({
    code: 'NO_SPACE',
    message: `it failed: ${said}`,
    hint: 'Make room on its disk: docker system df',
  });
});
