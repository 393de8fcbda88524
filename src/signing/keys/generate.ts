import { generateKeyPairSync } from 'node:crypto';
import { sealEncrypted } from './encrypted.ts';
import { writePemBlock } from './pem.ts';

export type KeyType = 'p256' | 'ed25519';

/** A new pair of keys as PEM: the private one encrypted as cosign does. */
export async function generateKeys(
  type: KeyType,
  password: string,
): Promise<{ readonly private: string; readonly public: string }> {
  const { privateKey, publicKey } =
    type === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const sealed = await sealEncrypted(privateKey.export({ type: 'pkcs8', format: 'der' }), password);
  return {
    private: writePemBlock('ENCRYPTED SIGSTORE PRIVATE KEY', sealed),
    public: String(publicKey.export({ type: 'spki', format: 'pem' })),
  };
}
