import { describe, expect, it } from 'vitest';
import type { CheckReport } from '../../../src/commands/doctor/run-checks.ts';
import { doctorPage } from '../../../src/commands/doctor/page.ts';
import type { Style } from '../../../src/commands/result.ts';
import { displayWidth } from '../../../src/commands/output/width.ts';
import { PLAIN } from '../fake-context.ts';

const finding = (change: Partial<CheckReport>): CheckReport => ({
  name: 'dns',
  verdict: 'ok',
  details: ['fine'],
  hint: undefined,
  elapsedMs: 12,
  ...change,
});

async function pageOf(findings: readonly CheckReport[], style: Style = PLAIN): Promise<string> {
  const list = async function* (): AsyncGenerator<CheckReport> {
    yield* findings;
  };
  const options = { title: 'r.example', home: '/home/ann', nameWidth: 11 };
  let page = '';
  for await (const piece of doctorPage(list(), options, style)) page += piece;
  return page;
}

describe('doctorPage', () => {
  it('on a pipe: a line a check, words for verdicts, the cure below', async () => {
    const page = await pageOf([
      finding({ details: ['one', 'in /home/ann/.docker/config.json'] }),
      finding({ name: 'tcp', verdict: 'failed', details: ['no'], hint: 'mend it' }),
      finding({ name: 'tls', verdict: 'skipped', details: ['because tcp failed'] }),
    ]);
    expect(page.split('\n')).toEqual([
      'r.example',
      '',
      'ok       dns          one; in ~/.docker/config.json (12 ms)',
      'failed   tcp          no (12 ms)',
      '                      → mend it',
      'skipped  tls          because tcp failed',
      '',
      'not healthy: tcp failed',
      '',
    ]);
  });

  it.each([40, 80, 120])('on a terminal of %i columns no line is longer', async (width) => {
    const long = `${'word '.repeat(40)}/a/${'path/'.repeat(30)}${'x'.repeat(200)}`;
    const page = await pageOf(
      [finding({ details: [long, long], hint: long, verdict: 'warning' })],
      { ...PLAIN, terminal: true, width },
    );
    for (const line of page.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    const text = page.replaceAll(/[\s→]|12 ms/gu, '');
    expect(text.split('x'.repeat(200))).toHaveLength(4);
    expect(page).toContain('healthy, 1 warning');
  });

  it('remote text obeys the page, not the page it', async () => {
    const evil = 'a\u001b[2Jb\nok  forged\r\u202e';
    for (const terminal of [true, false]) {
      const page = await pageOf([finding({ details: [evil], hint: evil })], { ...PLAIN, terminal });
      expect(page).not.toMatch(/[\u001b\r\u202e]/u);
      expect(page).not.toMatch(/^ok {2}forged/mu);
    }
  });

  it('colours marks by verdict', async () => {
    const style: Style = { ...PLAIN, terminal: true, red: (text) => `<${text}>` };
    const page = await pageOf([finding({ verdict: 'failed' })], style);
    expect(page).toContain('<✗> <dns        >  fine');
    expect(page).toContain('<not healthy: dns failed>');
  });
});
