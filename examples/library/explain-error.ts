// Prints why an image cannot be read: code, HTTP status, the registry's words, the login.
// Usage: node explain-error.ts ghcr.io/my-org/private
import { AppError, createClient, registryErrorOf } from '@regctl/cli';

const [image = ''] = process.argv.slice(2);

await using client = createClient();
try {
  await client.inspect(image);
  console.log('readable');
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  console.log(`${error.code}: ${error.message}`);
  if (error.hint !== undefined) console.log(error.hint);
  const answer = registryErrorOf(error);
  if (answer !== undefined) {
    const { status, errors, credentials } = answer;
    console.log(status, errors[0]?.code ?? 'no code', credentials?.sent ? 'login' : 'no login');
  }
}
