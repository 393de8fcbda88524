import { describe, expect, it } from 'vitest';
import { readPackages } from '../../src/artifact/sbom.ts';

describe('packages of an SBOM', () => {
  it('in SPDX', () => {
    const packages = [
      {
        name: 'bash',
        versionInfo: '5.2',
        licenseConcluded: 'NOASSERTION',
        licenseDeclared: 'GPL-3.0-or-later',
        externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:deb/debian/bash@5.2' }],
      },
      { name: 'root', versionInfo: 3, externalRefs: 'x' },
      'no package',
    ];
    expect(readPackages({ spdxVersion: 'SPDX-2.3', packages })).toEqual([
      { name: 'bash', version: '5.2', license: 'GPL-3.0-or-later', type: 'deb' },
      { name: 'root', version: '', license: '', type: '' },
    ]);
  });

  it('in CycloneDX, also of components in others', () => {
    const components = [
      {
        group: '@scope',
        name: 'a',
        version: '1',
        purl: 'pkg:npm/%40scope/a@1',
        licenses: [{ license: { id: 'MIT' } }, { expression: 'Apache-2.0 OR MIT' }],
        components: [{ name: 'b', type: 'library' }],
      },
    ];
    expect(readPackages({ bomFormat: 'CycloneDX', components })).toEqual([
      { name: '@scope/a', version: '1', license: 'MIT, Apache-2.0 OR MIT', type: 'npm' },
      { name: 'b', version: '', license: '', type: 'library' },
    ]);
  });

  it('that is nested without end, ends', () => {
    const component: Record<string, unknown> = { name: 'a' };
    component['components'] = [component];
    expect(readPackages({ bomFormat: 'CycloneDX', components: [component] })).toHaveLength(17);
  });

  it('in the form of Syft, of both its ages', () => {
    const artifacts = [
      { name: 'musl', version: '1.2.5', type: 'apk', licenses: [{ value: 'MIT' }] },
      { name: 'zlib', version: '1.3', type: 'apk', licenses: ['Zlib'] },
    ];
    expect(readPackages({ artifacts, descriptor: { name: 'syft' } })).toEqual([
      { name: 'musl', version: '1.2.5', license: 'MIT', type: 'apk' },
      { name: 'zlib', version: '1.3', license: 'Zlib', type: 'apk' },
    ]);
  });

  it.each([[undefined], [null], ['text'], [[]], [{}], [{ packages: [] }], [{ artifacts: [] }]])(
    'are not in %j',
    (document) => {
      expect(readPackages(document)).toBeUndefined();
    },
  );
});
