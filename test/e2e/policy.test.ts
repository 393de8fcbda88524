import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { makeImage, writeLayout } from '../helpers/images.ts';
import { newMachine } from './regctl.ts';

const REJECT = JSON.stringify({ default: [{ type: 'reject' }] });

it.each([
  ['copy oci:app:v1 oci:out:v1', 'out'],
  ['copy --all-tags oci:app oci:out', 'out'],
  ['copy --dry-run oci:app:v1 oci:out:v1', 'out'],
  ['save oci:app:v1 -o out.tar', 'out.tar'],
  ['sync oci:app:v1 oci:out', 'out'],
])('--policy refuses before anything is written: %s', async (line, file) => {
  await using machine = await newMachine();
  await writeLayout(machine.dir.join('app'), { v1: await makeImage({ layers: 1 }) });
  await writeFile(machine.dir.join('p.json'), REJECT);
  const done = await machine.expect(3, ['--policy', 'p.json', ...line.split(' ')]);
  expect(done.stderr).toContain('the trust policy rejects it');
  expect(existsSync(machine.dir.join(file))).toBe(false);
  // Without the policy the line works, so that it is the policy that was met.
  await machine.expect(0, ['--policy', 'p.json', '--insecure-policy', ...line.split(' ')]);
});

it('a requirement that cannot be checked is exit 64, and names file and requirement', async () => {
  await using machine = await newMachine();
  await writeLayout(machine.dir.join('app'), { v1: await makeImage({ layers: 1 }) });
  const policy = { default: [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/k' }] };
  await writeFile(machine.dir.join('p.json'), JSON.stringify(policy));
  for (const line of [
    ['copy', 'oci:app:v1', 'oci:out:v1'],
    ['verify', 'oci:app:v1'],
  ]) {
    const done = await machine.expect(64, ['--policy', 'p.json', ...line]);
    expect(done.stderr).toMatch(
      /cannot trust oci:app:v1.*requires signedBy.*\n.*p\.json, default/u,
    );
  }
});
