import { Busboy } from '@fastify/busboy';
import { BadRequest, ParseError } from '../errors.js';

/** Django's limit for the fields of a form. */
const PARTS_MAX = 1000;
const PART_HEADERS_MAX = 20;
const PART_HEADERS_MAX_BYTES = 4096;
/** The form is parsed in pieces of this size. After an error the rest is not parsed. */
const READ_AT_ONCE_BYTES = 16_384;

/** The value of a form field that contains a file. No field accepts one. */
export class FormFile {
  constructor(readonly fileName: string) {}
}

/**
 * Parses a `multipart/form-data` body as Django does. If a field is given twice, the last one counts. A part has
 * its own charset, or UTF-8. A file input that was left empty is ignored. Files are never stored: their field is a
 * `FormFile`. The body was collected before, so its size is bounded. Throws `ParseError`, and `BadRequest` for more
 * than a thousand parts.
 */
export function decodeMultipart(
  bytes: Buffer,
  contentType: string,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const fields: [string, unknown][] = [];
    const form = { isRefused: false };
    const refuse = (error: unknown) => {
      form.isRefused = true;
      const reason = error instanceof Error ? error.message : 'malformed';
      reject(new ParseError(reason, 'Multipart form'));
    };
    try {
      const reader = createReader(contentType, bytes.length);
      reader.on('field', (name: string | undefined, value) => {
        if (name !== undefined) fields.push([name, value]);
      });
      reader.on('file', (name: string | undefined, stream, fileName) => {
        stream.on('error', refuse);
        stream.resume();
        if (name !== undefined && fileName !== '') fields.push([name, new FormFile(fileName)]);
      });
      reader.on('partsLimit', () => {
        form.isRefused = true;
        reject(new BadRequest('Too many form fields.'));
      });
      reader.on('error', refuse);
      reader.on('finish', () => {
        resolve(Object.fromEntries(fields));
      });
      for (let at = 0; at < bytes.length && !form.isRefused; at += READ_AT_ONCE_BYTES) {
        reader.write(bytes.subarray(at, at + READ_AT_ONCE_BYTES));
      }
      if (!form.isRefused) reader.end();
    } catch (error) {
      refuse(error);
    }
  });
}

/** Returns the parser. Throws for a type without a boundary. */
const createReader = (contentType: string, fieldSize: number) =>
  new Busboy({
    headers: { 'content-type': contentType },
    isPartAFile: (_name, _type, fileName) => fileName !== undefined,
    limits: {
      parts: PARTS_MAX,
      fieldSize,
      headerPairs: PART_HEADERS_MAX,
      headerSize: PART_HEADERS_MAX_BYTES,
    },
  });
