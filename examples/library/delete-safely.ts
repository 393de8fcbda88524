// Deletes an image. If other tags share its digest, removes only the tag.
// Usage: node delete-safely.ts registry.example.com/app:old
import { AppError, createClient } from '@regctl/cli';

const [image = ''] = process.argv.slice(2);

await using client = createClient();
try {
  const { tags } = await client.delete(image);
  console.log(`deleted with the tags ${tags.join(', ')}`);
} catch (error) {
  if (!(error instanceof AppError) || error.code !== 'TAG_SHARED') throw error;
  console.log(error.message);
  await client.delete(image, { untag: true });
  console.log('removed only the tag');
}
