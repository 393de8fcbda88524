import type { HeldRow } from '../helpers/held.ts';

/** One failure of the catalogue: what is done about it, where, and which tests bring it about. */
export interface Row extends HeldRow {
  readonly failure: string;
}

const MATRIX = 'test/faults/matrix.test.ts';
const SESSIONS = 'test/faults/uploads.test.ts';
const TOKENS = 'test/faults/tokens.test.ts';
const BLOBS = 'test/registry/blobs/blobs.test.ts';
const UPLOADS = 'test/registry/uploads/put-blob.test.ts';
const PARTS = 'test/registry/uploads/parts.test.ts';
const RETRY = 'test/http/retry/retry.test.ts';
const SEND = 'test/http/exchange/send.test.ts';

/** By the numbers of the table in docs/reliability.md. */
export const ROWS: readonly Row[] = [
  {
    failure: 'a body is cut',
    rules: [
      ['src/registry/blobs/download.ts', 'download'],
      ['src/http/retry/retry.ts', 'bufferBody'],
    ],
    tests: [
      [
        MATRIX,
        'download cut at 7 of 16 MiB',
        'a layer cut',
        'a manifest cut',
        'a layer cut every time',
      ],
      [
        BLOBS,
        'continues with a range',
        'verifies across the seam',
        'gives up when there is no progress',
      ],
      [RETRY, 'takes a cut small answer for a failed try, and lets a long one pass'],
      [SEND, 'calls a cut body an error'],
    ],
  },
  {
    failure: 'other content of the right length',
    rules: [
      ['src/store/verify.ts', 'verified'],
      ['src/copy/engine/transfer.ts', '#sendOnce'],
    ],
    tests: [
      [MATRIX, 'a layer damaged once', 'every layer damaged', 'a manifest damaged once'],
      [
        'test/registry/mirrors/client.test.ts',
        'wrong content is discarded, told, and never handed on',
      ],
      [BLOBS, 'continues near it also when it was read to its end, but not after damage'],
    ],
  },
  {
    failure: 'more bytes than there should be',
    rules: [['src/store/verify.ts', 'Verifier']],
    tests: [
      [MATRIX, 'extra bytes once', 'extra bytes every time', 'a layer announced too long'],
      [BLOBS, 'stops an endless body one byte too late at most'],
    ],
  },
  {
    failure: 'a wrong answer to a Range',
    rules: [['src/registry/blobs/download.ts', 'isContinuation']],
    tests: [
      [MATRIX, 'a wrong range', '416 for a range', '200 in place of 206'],
      [
        BLOBS,
        'a range from elsewhere',
        'a range of another total',
        'a range without Content-Range',
        'several ranges',
      ],
    ],
  },
  {
    failure: 'a reset in mid-upload',
    rules: [
      ['src/registry/uploads/recover.ts', 'goOn'],
      ['src/registry/uploads/status.ts', 'getUploadPosition'],
    ],
    tests: [
      [MATRIX, 'upload cut at 5 of 16 MiB', 'upload reset', 'upload cut', 'upload cut every time'],
      [SESSIONS, 'continues a cut upload where the registry says', 'goes on after a stall'],
      [
        'test/server/storage/storage.contract.test.ts',
        'lets another go on where a source fell silent, or end what it does not end',
      ],
      [
        'test/e2e/resume-runs.test.ts',
        'goes on although the registry still waits for the one that died',
      ],
    ],
  },
  {
    failure: 'the registry takes fewer bytes than it was sent',
    rules: [
      ['src/registry/uploads/trust.ts', 'mayContinue'],
      ['src/registry/uploads/status.ts', 'offsetFromRange'],
    ],
    tests: [
      [PARTS, 'one that takes a byte of each part gets the blob in one request, once'],
      [SESSIONS, 'keeps to chunks of 4 MiB when it continues and is told to (GHCR)'],
    ],
  },
  {
    failure: 'the registry finds another digest',
    rules: [['src/registry/uploads/verify-source.ts', 'verifySource']],
    tests: [
      [MATRIX, 'upload damaged once', 'every upload damaged'],
      [UPLOADS, 'says whether the source or the way is damaged when the digest is refused'],
    ],
  },
  {
    failure: 'a manifest PUT fails',
    rules: [['src/registry/manifests/put.ts', 'ManifestPut']],
    tests: [
      [
        MATRIX,
        '500 on the manifest PUT',
        'manifest PUT carried out, its answer lost every time',
        'manifest PUT carried out, its answer a 502 every time',
        'manifest PUT stalled',
      ],
    ],
  },
  {
    failure: 'the registry does not see yet what it was sent',
    rules: [
      ['src/registry/manifests/put.ts', 'missingContent'],
      ['src/store/manifests.ts', 'VISIBILITY_RETRIES'],
    ],
    tests: [
      [
        MATRIX,
        'a blob not seen yet by the manifest PUT',
        'a blob not seen for a while by the manifest PUT',
        'a blob never seen by the manifest PUT',
      ],
      [
        'test/registry/manifests/manifests.test.ts',
        'is sent again after waits that double, and no more often than is asked for',
        'is not waited for without retries',
      ],
      [
        'test/copy/copy-image.test.ts',
        'visits a second time when the destination lost what it said it had',
      ],
    ],
  },
  {
    failure: 'a token ends in mid-transfer',
    rules: [
      ['src/http/auth/authenticate.ts', 'isRenewal'],
      ['src/registry/uploads/recover.ts', 'afterAnswer'],
    ],
    tests: [
      [
        TOKENS,
        'in the middle of a chunk',
        'behind the whole body of a data PUT',
        'on the manifest PUT',
        'between a cut download and its Range',
        'gives up on a registry that refuses every token for the data',
        'is not led round in circles by a token that dies in every PUT',
      ],
      [
        'test/http/auth/authenticate.test.ts',
        'renews before the token expires, without a 401',
        'drops a token that is refused, asks the credential source anew and tries once more',
        'does not repeat what may have been taken in part, and has a new token for what follows',
      ],
    ],
  },
  {
    failure: 'a signed address expires',
    rules: [['src/registry/blobs/blobs.ts', 'getBlob']],
    tests: [
      [MATRIX, 'a signed address that expires is asked for anew'],
      [BLOBS, 'asks the registry again when the answer is a refusal'],
    ],
  },
  {
    failure: '429 and 503',
    rules: [
      ['src/http/retry/policy.ts', 'createRetryPolicy'],
      ['src/http/retry/throttle.ts', 'throttle'],
    ],
    tests: [
      [
        MATRIX,
        '429 with Retry-After 2, twice, on the manifest',
        '429 with Retry-After 8, four times, on the manifest',
        '503 on a layer',
        '503 on upload data',
        '429 every time',
        '429 with a wait that nobody would sit out',
      ],
      [
        RETRY,
        'waits as long as Retry-After says, in seconds or as a date by its own clock, and a little more',
        'pauses every request of the host that asked for it, and no other',
        "does not spin on Docker Hub's pull limit",
      ],
      ['test/e2e/harm.test.ts', 'a person is told what is waited for and why: %s'],
    ],
  },
  {
    failure: 'an upload session is lost',
    rules: [['src/registry/uploads/answers.ts', 'isSessionUnknown']],
    tests: [
      [MATRIX, 'upload session expired', 'upload session expired every time'],
      [UPLOADS, 'starts a lost session over, once'],
    ],
  },
  {
    failure: 'a chunk out of its place',
    rules: [['src/registry/uploads/recover.ts', 'takeSmaller']],
    tests: [
      [SESSIONS, 'realigns a chunk that was cut', 'sends in chunks where one request is too large'],
    ],
  },
  {
    failure: 'a mount opens an upload instead',
    rules: [['src/registry/uploads/mount.ts', 'confirmMissing']],
    tests: [
      [
        UPLOADS,
        'uses the session it gets instead',
        'a registry that cannot mount is asked before much is sent',
        'posts plainly after %i',
      ],
    ],
  },
  {
    failure: 'silence, or a byte now and then',
    rules: [
      ['src/http/exchange/speed-limit.ts', 'SpeedMonitor'],
      ['src/http/exchange/types.ts', 'readBody'],
      ['src/http/exchange/upload-body.ts', 'createUploadBody'],
    ],
    tests: [
      [
        MATRIX,
        'upload stalled',
        'a layer stalled',
        'a manifest stalled',
        'a layer that drips',
        'a manifest that drips',
        'a layer that drips every time',
      ],
      [
        SEND,
        'times out on headers and on a stalled body',
        'bounds the time of headers that never end',
        'lets go of %s that drips, and says what to do',
        'takes a slow body that is faster than the limit, or has none',
        'gives up on a server that takes next to nothing of an upload',
      ],
      ['test/http/exchange/upload-body.test.ts', 'is not stalled by a slow source'],
      [
        'test/http/exchange/speed-limit.test.ts',
        'of six transfers over 2 KB a second is enough by far',
      ],
      [
        'test/http/exchange/upload-body.test.ts',
        'is not stalled on a slow link that takes longer for a chunk than it may for a byte',
        'is not stalled by a slow source',
        'has more time to be stored the larger it is',
      ],
    ],
  },
  {
    failure: 'a kept connection is closed',
    rules: [['src/http/dial/network-error.ts', 'MAPPINGS']],
    tests: [
      [MATRIX, 'kept connections closed', 'answer of an upload lost'],
      [RETRY, 'opens the body anew after a reset, but never repeats a PATCH'],
    ],
  },
  {
    failure: 'proxies, TLS and DNS',
    rules: [
      ['src/http/dial/network-error.ts', 'networkError'],
      ['src/http/tls/error.ts', 'tlsMappingOf'],
    ],
    tests: [
      [MATRIX, '502 from a proxy every time', '407 from a proxy', '408, 425, 499, 522'],
      [
        RETRY,
        'tries a refused connection twice more and a missing host not at all',
        'tries again when a name cannot be looked up for now',
        'does not try again what is no HTTP/1.1, such as the end of an HTTP/2 connection',
      ],
      ['test/http/tls/error.test.ts', 'HTTP where TLS is expected', 'TLS that is too old'],
      ['test/http/proxy/proxy.test.ts', 'that are not there, or are something else, are named'],
    ],
  },
  {
    failure: 'clocks that differ',
    rules: [
      ['src/http/tls/error.ts', 'tlsMappingOf'],
      ['src/http/auth/token-response.ts', 'readToken'],
    ],
    tests: [
      ['test/http/tls/error.test.ts', 'not valid yet: the clock'],
      ['test/http/auth/authenticate.test.ts', 'renews before the token expires, without a 401'],
      [
        'test/http/exchange/speed-limit.test.ts',
        'bears what comes in bursts, and a clock that is set back',
      ],
    ],
  },
  {
    failure: 'a full disk, a locked directory, a pipe in the place of a file',
    rules: [
      ['src/util/atomic-file.ts', 'writeFileAtomic'],
      ['src/transports/files/disk.ts', 'withDiskErrors'],
    ],
    tests: [
      [
        'test/e2e/harm.test.ts',
        'a full disk: path and cause are told, and the old image stays',
        'a folder that cannot be written to is named',
      ],
    ],
  },
  {
    failure: 'a signal',
    rules: [
      ['src/cli/process/signals.ts', 'listenForSignals'],
      ['src/registry/uploads/status.ts', 'cancelSession'],
    ],
    tests: [
      [
        'test/e2e/harm.test.ts',
        '%s cancels the uploads, and does not wait for a registry that is silent',
      ],
      [
        'test/e2e/interrupt.test.ts',
        '${signal} ends with ${status}, without a tag at the destination or a temporary file',
      ],
      ['test/cli/main.test.ts', 'a second signal ends the process at once'],
      [
        'test/e2e/resume-runs.test.ts',
        'goes on where the registry has the session, and then sends nothing twice',
      ],
    ],
  },
  {
    failure: 'a reader of stdout that has enough',
    rules: [['src/cli/output/writer.ts', 'createWriter']],
    tests: [['test/e2e/harm.test.ts', 'a reader that has enough is no error']],
  },
  {
    failure: 'many at once',
    rules: [
      ['src/util/single-flight.ts', 'createSingleFlight'],
      ['src/util/file-lock.ts', 'withFileLock'],
      ['src/transports/docker/referrers-tag.ts', 'change'],
    ],
    tests: [
      [
        'test/load/processes.test.ts',
        '50 processes at one registry, one configuration and one layout lose nothing',
      ],
      [
        'test/load/copies.test.ts',
        'is copied between registries, and looked at again, each shared layer once',
      ],
      [
        'test/transports/docker/store.test.ts',
        'joins the fallback tag where it does not, one writer at a time',
        'loses its line and no other, after %i writers that were faster',
      ],
      ['test/credentials/logins/store.test.ts', 'loses no login when many come at once'],
      [RETRY, 'keeps at most eight requests of a host waiting for headers'],
    ],
  },
  {
    failure: 'one part of an index fails',
    rules: [['src/copy/engine/graph-copy.ts', '#subgraph']],
    tests: [[MATRIX, 'an index of which one part fails gets no tag']],
  },
  {
    failure: 'HEAD says that a blob is there, and GET that it is not',
    rules: [['src/registry/blobs/blobs.ts', 'canRead']],
    tests: [
      [MATRIX, 'a blob that is only said to be there is sent after all'],
      [UPLOADS, 'in doubt is asked for itself: one that %s'],
    ],
  },
  {
    failure: 'nothing at all, and very much',
    rules: [
      ['src/registry/blobs/blobs.ts', 'getBlob'],
      ['src/oci/manifest.ts', 'MAX_MANIFEST_BYTES'],
    ],
    tests: [
      [
        'test/load/large.test.ts',
        'a blob of more than 2 GiB arrives whole, cut beyond that on both sides',
      ],
      [BLOBS, 'reads an empty blob'],
      ['test/contract/store-suite.ts', 'takes empty blobs and many chunks'],
      [
        'test/copy/copy-image.test.ts',
        'carries empty blobs, repeated layers and types it does not know',
      ],
      [
        'test/registry/manifests/manifests.test.ts',
        'reads one of 4 MiB, and none that is a byte longer',
      ],
    ],
  },
];
