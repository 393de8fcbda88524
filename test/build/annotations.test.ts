import { describe, expect, it } from 'vitest';
import { editsFor, parseAnnotation, withAnnotations } from '../../src/build/annotations.ts';
import { thrown } from '../helpers/thrown.ts';

const arm64 = { os: 'linux', architecture: 'arm64' };

describe('an annotation', () => {
  it.each([
    ['a=1', [[undefined, 'a', '1']]],
    ['org.example.url=https://x/y?z=1', [[undefined, 'org.example.url', 'https://x/y?z=1']]],
    ['a=', [[undefined, 'a', '']]],
    ['index:a=1', [['index', 'a', '1']]],
    ['manifest-descriptor:a=index:b', [['manifest-descriptor', 'a', 'index:b']]],
    [
      'index,manifest:a=1',
      [
        ['index', 'a', '1'],
        ['manifest', 'a', '1'],
      ],
    ],
  ])('%s', (text, expected) => {
    const found = parseAnnotation(text, 'set');
    expect(found.map(({ level, key, value }) => [level, key, value])).toEqual(expected);
  });

  it('names a platform', () => {
    const [edit] = parseAnnotation('manifest[linux/arm64]:a=1', 'set');
    expect(edit).toEqual({ level: 'manifest', platform: arm64, key: 'a', value: '1' });
  });

  it.each(['a', '=1', 'idx:a=1', 'index[linux/arm64]:a=1', 'index-descriptor:a=1'])(
    '%s is wrong usage',
    (text) => {
      expect(thrown(() => parseAnnotation(text, 'set'))).toMatchObject({ code: 'USAGE' });
    },
  );

  it('is removed by its key', () => {
    const edits = parseAnnotation('index:a=b', 'unset');
    expect(edits).toMatchObject([{ key: 'a=b', value: undefined }]);
    expect(withAnnotations({ x: 1, annotations: { 'a=b': 'c' } }, edits)).toEqual({ x: 1 });
  });

  it('applies to its platform only', () => {
    const edits = [
      ...parseAnnotation('manifest[linux/arm64]:a=1', 'set'),
      ...parseAnnotation('manifest:b=2', 'set'),
    ];
    const keys = (platform?: { os: string; architecture: string }): readonly string[] =>
      editsFor(edits, 'manifest', platform).map(({ key }) => key);
    expect(keys(arm64)).toEqual(['a', 'b']);
    expect(keys({ os: 'linux', architecture: 'amd64' })).toEqual(['b']);
    expect(keys()).toEqual(['b']);
  });
});
