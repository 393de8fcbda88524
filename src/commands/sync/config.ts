import { AppError } from '../../errors/app-error.ts';

import { normalFile } from '../../sync/formats/write.ts';
import type { CallOptions } from '../../util/abort.ts';
import { stringifyYaml } from '../../util/text/yaml.ts';
import { readFlag } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { parseFile, type JobsContext } from './jobs.ts';

/** `sync config FILE`: prints the parsed file with secrets hidden. @throws AppError USAGE */
export async function printConfig(
  context: JobsContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const [, file, to, ...more] = input.args;
  if (file === undefined || more.length > 0) {
    throw new AppError('USAGE', 'sync config takes one file', {
      hint: 'For example: regctl sync config regsync.yml',
    });
  }
  const read = await parseFile(context, input, file, to ?? 'registry.example.com', options);
  const converted = normalFile(read);
  const json = readFlag(input, 'convert') ? converted : { format: read.format, ...converted };
  const text = await stringifyYaml(json);
  return { kind: 'value', json, text: () => text };
}
