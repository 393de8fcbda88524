import { describe, expect, it } from 'vitest';
import { redactHeader, redactPasswords, redactUrl } from '../../src/errors/redact.ts';

describe('redactUrl', () => {
  it.each([
    ['https://user:hunter2@r.io/v2/?n=10&last=b%2Fc#hunter2', 'https://r.io/v2/?n=10&last=b%2Fc'],
    [
      'https://auth.docker.io/token?service=registry.docker.io&scope=repository:a/b:pull&account=me',
      'https://auth.docker.io/token?service=registry.docker.io&scope=repository:a/b:pull&account=REDACTED',
    ],
    [
      'https://cdn.example/x?X-Amz-Signature=hunter2&X-Amz-Expires=1&digest=sha256:aa',
      'https://cdn.example/x?X-Amz-Signature=REDACTED&X-Amz-Expires=REDACTED&digest=sha256:aa',
    ],
    [
      'https://r.io/u/1?_state=hunter2&sig=hunter2',
      'https://r.io/u/1?_state=REDACTED&sig=REDACTED',
    ],
    ['https://r.io/x?hunter2', 'https://r.io/x?REDACTED'],
    ['https://r.io/x?a=1=hunter2', 'https://r.io/x?a=REDACTED'],
    ['https://r.io/x?%6e=hunter2', 'https://r.io/x?%6e=REDACTED'],
    // Escapes stay escaped: a decoded value could forge a log line or another parameter.
    ['https://r.io/x?scope=%0d%0a%1b[2J%26n%3d1', 'https://r.io/x?scope=%0d%0a%1b[2J%26n%3d1'],
    ['https://r.io:8443/a?', 'https://r.io:8443/a'],
    ['hunter2 is no URL', '<unparsable URL>'],
  ])('%s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  it('takes a URL object', () => {
    expect(redactUrl(new URL('https://u:p@r.io/v2/'))).toBe('https://r.io/v2/');
  });
});

describe('redactHeader', () => {
  it.each([
    ['Authorization', 'Bearer hunter2', 'Bearer REDACTED'],
    ['authorization', 'Basic hunter2', 'Basic REDACTED'],
    ['Authorization', 'hunter2', 'REDACTED'],
    ['Proxy-Authorization', 'basic hunter2', 'basic REDACTED'],
    ['Cookie', 'a=hunter2', 'REDACTED'],
    ['Set-Cookie', 'a=hunter2', 'REDACTED'],
    ['X-Registry-Auth', 'hunter2', 'REDACTED'],
    ['PRIVATE-TOKEN', 'hunter2', 'REDACTED'],
    ['X-Amz-Security-Token', 'hunter2', 'REDACTED'],
    ['X-Api-Key', 'hunter2', 'REDACTED'],
    ['Location', 'https://u:hunter2@r.io/x?sig=hunter2', 'https://r.io/x?REDACTED'],
    ['Location', 'https://r.io/x#token=hunter2', 'https://r.io/x#REDACTED'],
    ['Link', '</v2/_catalog?last=hunter2>; rel="next"', '</v2/_catalog?REDACTED>; rel="next"'],
    ['Docker-Content-Digest', 'sha256:aa', 'sha256:aa'],
    [
      'WWW-Authenticate',
      'Bearer realm="https://a.io/token",service="a"',
      'Bearer realm="https://a.io/token",service="a"',
    ],
    [
      'WWW-Authenticate',
      'Bearer realm="https://u:hunter2@a.io/token?sig=hunter2",service="a"',
      'Bearer realm="https://a.io/token?REDACTED",service="a"',
    ],
  ])('%s: %s', (name, value, shown) => {
    expect(redactHeader(name, value)).toBe(shown);
  });
});

describe('redactPasswords', () => {
  it.each([
    ['invalid reference "u:hunter2@x"', 'invalid reference "u:REDACTED@x"'],
    ['docker://u:hunter2@127.0.0.1:1/a', 'docker://u:REDACTED@127.0.0.1:1/a'],
    ['u:hunter2@a and (b:hunter2@c/d:e)', 'u:REDACTED@a and (b:REDACTED@c/d:e)'],
    ['try docker-archive:u:hunter2@x/y', 'try docker-archive:REDACTED@x/y'],
    ['u:hun@ter2@x', 'u:REDACTED@x'],
    ['u:hun:ter2@Host/a', 'u:REDACTED@Host/a'],
    ['--proxy=u:hunter2@x', '--proxy=u:REDACTED@x'],
    ['alpine:3.19@sha256:aa is not a digest', 'alpine:3.19@sha256:aa is not a digest'],
    ['127.0.0.1:5000/app@sha512:aa', '127.0.0.1:5000/app@sha512:aa'],
    ['write to mailto:help@example.com', 'write to mailto:help@example.com'],
    ['oci:DIR[:NAME|@N|@DIGEST]: a layout', 'oci:DIR[:NAME|@N|@DIGEST]: a layout'],
    ['http://USER:PASSWORD@proxy:3128', 'http://USER:PASSWORD@proxy:3128'],
    ['app@1', 'app@1'],
  ])('%j', (text, shown) => {
    expect(redactPasswords(text)).toBe(shown);
  });

  it('looks at long texts in linear time', () => {
    const steps = (length: number): number => {
      const before = process.cpuUsage().user;
      redactPasswords(`${'=a:'.repeat(length)}@ `);
      return process.cpuUsage().user - before;
    };
    steps(1000);
    // Quadratic, it would take seconds.
    expect(steps(20_000)).toBeLessThan(1_000_000);
  });
});
