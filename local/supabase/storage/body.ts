import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import { invalidRequest, tooLarge } from './errors.ts';
import { MAX_OBJECT_BYTES, MAX_READ_BYTES } from './limits.ts';

/** Room for the other fields of a form, and for its boundaries. */
const FORM_OVERHEAD_BYTES = 100_000;

/**
 * Reads a body to its end, whatever its length, so that the client gets the refusal.
 *
 * @returns undefined if it is longer than any object may be
 */
export async function readBody(stream: Readable): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_OBJECT_BYTES + FORM_OVERHEAD_BYTES) chunks.push(chunk);
    if (length > MAX_READ_BYTES) throw tooLarge();
  }
  return length <= MAX_OBJECT_BYTES + FORM_OVERHEAD_BYTES ? Buffer.concat(chunks) : undefined;
}

/** The file of a form, as clients send Blobs and files, and what they say of it. */
export interface UploadedForm {
  readonly content: Buffer;
  readonly contentType: string;
  /** Seconds. */
  readonly cacheControl: string | undefined;
  /** JSON. */
  readonly metadata: string | undefined;
}

/** @throws StorageError if the body is not a form, or has no file */
export async function readForm(body: Buffer, contentType: string): Promise<UploadedForm> {
  const fields = new Map<string, string>();
  const files: { contentType: string; chunks: Buffer[] }[] = [];
  try {
    const parser = new Busboy({ headers: { 'content-type': contentType }, isPartAFile });
    parser.on('field', (name, value) => fields.set(name, value));
    parser.on('file', (_name, stream, _filename, _encoding, type) => {
      const file = { contentType: type, chunks: [] as Buffer[] };
      files.push(file);
      stream.on('data', (chunk: Buffer) => file.chunks.push(chunk));
    });
    await pipeline(Readable.from([body]), parser);
  } catch (error) {
    throw invalidRequest(`The body is not a form: ${String(error)}`);
  }
  const [file] = files;
  if (file === undefined) throw invalidRequest('The form has no file.');
  return {
    content: Buffer.concat(file.chunks),
    contentType: file.contentType,
    cacheControl: fields.get('cacheControl'),
    metadata: fields.get('metadata'),
  };
}

/** A part with a file name is a file, whatever its type. */
function isPartAFile(
  _field: string | undefined,
  _type: string | undefined,
  fileName: string | undefined,
): boolean {
  return fileName !== undefined;
}
