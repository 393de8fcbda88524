import { AppError } from '../../errors/app-error.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { asRecord } from '../../util/json.ts';

/**
 * The roots of a file: one as JSON (`cosign trusted-root create`), or several as JSON lines
 * (`gh attestation trusted-root`). Each stands for itself.
 * @throws AppError CONFIG_INVALID
 */
export function readTrustedRoots(text: string, file: string): readonly object[] {
  const whole = parse(text, file);
  const roots = whole === undefined ? text.split('\n').filter((line) => line.trim() !== '') : [];
  const parsed = whole === undefined ? roots.map((line) => parse(line, file)) : [whole];
  if (parsed.length === 0) throw invalid(file, 'it is empty');
  return parsed.map((root) => {
    const { mediaType } = asRecord(root);
    if (typeof root === 'object' && root !== null && /trustedroot/u.test(String(mediaType)))
      return root;
    throw invalid(file, 'it is not one');
  });
}

function invalid(file: string, rule: string): AppError {
  return new AppError('CONFIG_INVALID', `cannot use the trusted root ${file}: ${rule}`, {
    hint: 'Write it with: gh attestation trusted-root, or cosign trusted-root create',
  });
}

function parse(text: string, file: string): unknown {
  try {
    return parseJsonStrict(Buffer.from(text), 'CONFIG_INVALID', `trusted root ${file}`);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
