import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CREDS, DEFAULTS, OWN, OWN_DEFAULTS, STEP } from '../../src/sync/formats/regsync-file.ts';

interface Schema {
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Published extends Schema {
  readonly properties: {
    readonly creds: { readonly items: Schema };
    readonly defaults: Schema;
    readonly sync: { readonly items: Schema };
  };
}

test('the published schema has exactly the keys that are read', () => {
  const url = new URL('../../docs/sync.schema.json', import.meta.url);
  const { creds, defaults, sync } = (JSON.parse(readFileSync(url, 'utf8')) as Published).properties;
  const keysOf = ({ properties }: Schema): string[] => Object.keys(properties).toSorted();
  expect(keysOf(creds.items)).toEqual(Object.keys(CREDS).toSorted());
  expect(keysOf(defaults)).toEqual(
    Object.keys({ ...DEFAULTS, ...OWN, ...OWN_DEFAULTS }).toSorted(),
  );
  expect(keysOf(sync.items)).toEqual(Object.keys({ ...STEP, ...OWN }).toSorted());
});
