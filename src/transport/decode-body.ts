type Decode = (
  bytes: Uint8Array,
  options: { maxOutputLength: number },
  callback: (error: Error | null, decoded: Buffer) => void,
) => void;

/** Node's decoder for a content coding (RFC 9110 §8.4.1), if this Node has one. */
function decoderOf(coding: string, bytes: Uint8Array): Decode | undefined {
  // Loaded here, because it takes milliseconds and hardly any answer is encoded.
  const zlib = process.getBuiltinModule('node:zlib');
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.gunzip;
    case 'deflate':
      // Some servers send the bare format without the zlib header, whose first byte ends in 8.
      return (bytes[0]! & 0x0f) === 8 ? zlib.inflate : zlib.inflateRaw;
    case 'br':
      return zlib.brotliDecompress;
    case 'zstd':
      return (zlib as { zstdDecompress?: Decode }).zstdDecompress;
  }
}

/**
 * Decodes a body by its `Content-Encoding`, the last coding first, and calls `done` with the text. The text is empty when a coding is
 * unknown, when the data is corrupt, and when the result is longer than `maxBytes`, as with a decompression bomb.
 */
export function decodeBody(
  bytes: Buffer,
  contentEncoding: string,
  maxBytes: number,
  done: (text: string) => void,
): void {
  const codings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const last = codings.pop();
  // A server that labels an empty body has nothing to decode.
  if (last === undefined || bytes.length === 0) {
    done(bytes.toString());
    return;
  }
  const decode = decoderOf(last, bytes);
  if (decode === undefined) {
    done('');
    return;
  }
  decode(bytes, { maxOutputLength: maxBytes }, (error, decoded) => {
    if (error) done('');
    else decodeBody(decoded, codings.join(), maxBytes, done);
  });
}
