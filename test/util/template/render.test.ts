import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { compileTemplate } from '../../../src/util/template/render.ts';

const image = {
  Name: 'docker.io/library/a',
  Tags: ['v1', 'v2'],
  Labels: { b: '2', a: '1', 'org.x/y': 'z' },
  Size: 12,
  Empty: [],
  None: null,
  Layers: [
    { Digest: 'sha256:1', Size: 1 },
    { Digest: 'sha256:2', Size: 2 },
  ],
  Config: { User: 'root', Deep: { Er: true } },
};

function render(source: string, value: unknown = image): string {
  return compileTemplate(source).render(value);
}

describe('templates', () => {
  it.each([
    ['plain', 'plain'],
    ['{{.Name}}', 'docker.io/library/a'],
    ['{{.Config.Deep.Er}} {{.Size}}', 'true 12'],
    ['{{.Tags}} {{.Labels}} {{.None}}', '[v1 v2] map[a:1 b:2 org.x/y:z] <no value>'],
    ['{{json .Tags}} {{.Labels | json}}', '["v1","v2"] {"b":"2","a":"1","org.x/y":"z"}'],
    ['{{range .Tags}}<{{.}}>{{end}}', '<v1><v2>'],
    ['{{range $i, $t := .Tags}}{{$i}}={{$t}} {{$.Size}};{{end}}', '0=v1 12;1=v2 12;'],
    ['{{range $k, $v := .Labels}}{{$k}}{{$v}} {{end}}', 'a1 b2 org.x/yz '],
    ['{{range .Layers}}{{.Digest}}:{{.Size}} {{end}}', 'sha256:1:1 sha256:2:2 '],
    ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
    ['{{if .Empty}}a{{else if eq .Size 12}}b{{else}}c{{end}}', 'b'],
    ['{{with .Config}}{{.User}} {{$.Size}}{{end}}', 'root 12'],
    ['{{$x := .Name}}{{upper $x}}', 'DOCKER.IO/LIBRARY/A'],
    ['{{len .Tags}} {{len .Name}} {{len .None}}', '2 19 0'],
    ['{{index .Labels "org.x/y"}} {{index .Tags 1}} {{index .Labels "no"}}', 'z v2 <no value>'],
    ['{{(index .Layers 1).Digest}}', 'sha256:2'],
    ['{{join .Tags ","}} {{lower "ABC"}}', 'v1,v2 abc'],
    ['{{printf "%-6s|%3d|%q" "ab" .Size "c"}}', 'ab    | 12|"c"'],
    ['a  {{- .Size -}}  b', 'a12b'],
    ['{{/* nothing */}}x\\ty', 'x\ty'],
    ['{{"a}}b"}}{{`c"d`}}', 'a}}bc"d'],
    ['{{if and .Tags (not .Empty)}}y{{end}}{{or .None "d"}}', 'yd'],
    ['{{and .None true}}', '<no value>'],
    ['{{println .Size}}', '12\n'],
    ['{{.Labels.missing}}', '<no value>'],
  ])('%s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  it.each([
    ['{{.Nam}}', /no field "Nam"; there are: Name, Tags/],
    ['{{.Config.Usr}}', /no field "Usr"; there are: User, Deep/],
    ['{{.Name.X}}', /no field "X"/],
    ['{{.constructor}}', /no field "constructor"/],
    ['{{.__proto__}}', /no field "__proto__"/],
    ['{{jsn .Name}}', /no function "jsn"; there are: json/],
    ['{{.Name', /not closed/],
    ['{{range .Tags}}x', /not closed with \{\{end\}\}/],
    ['{{end}}', /unexpected/],
    ['{{if .Name}}a{{else}}b', /not closed/],
    ['{{}}', /a value is missing/],
    ['{{.Name .Tags}}', /unexpected ".Tags"/],
    ['{{(.Name}}', /"\)" is missing/],
    ['{{.A ! .B}}', /cannot read/],
    ['{{index .Tags 9}}', /outside a list of 2/],
    ['{{range .Name}}{{end}}', /no list/],
    ['{{$nope}}', /no variable/],
  ])('%s is wrong usage', (source, message) => {
    expect(() => render(source)).toThrow(message);
    expect(() => render(source)).toThrow(AppError);
  });

  it('finds faults of the template itself before there is a value', () => {
    expect(() => compileTemplate('{{nothing .X}}')).toThrow(/no function/);
    expect(() => compileTemplate('{{if .A}}{{nothing}}{{end}}')).toThrow(/no function/);
  });

  it('writes JSON without characters that a terminal obeys, and means the same', () => {
    const value = { A: '\u009b1m\u202e\u001b' };
    const text = render('{{json .A}}', value);
    expect(text).toMatch(/^[ -~]+$/);
    expect(JSON.parse(text)).toBe(value.A);
  });

  it('says whether it wants a list whole', () => {
    expect(compileTemplate('{{range .}}{{.}}{{end}}').takesList).toBe(true);
    expect(compileTemplate('{{range .Tags}}{{.}}{{end}}').takesList).toBe(false);
  });
});
