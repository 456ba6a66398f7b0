import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { toJson } from '../drf/json.js';

/**
 * The OpenAPI document as it is served. It is built on the first request, because building it takes a tenth
 * of a second, which would delay each start. The function that builds it is set late, when all routes are
 * known.
 */
@Injectable()
export class ApiDescription {
  private describe: (() => OpenAPIObject) | undefined;
  private text: string | undefined;

  /** Sets the function that builds the document. Must be called once, before the server listens. */
  publish(describe: () => OpenAPIObject): void {
    this.describe = describe;
  }

  /** The document's JSON. Throws if `publish` was not called. */
  get json(): string {
    if (this.text !== undefined) return this.text;
    if (!this.describe) throw new Error('no description is published yet');
    this.text = toJson(this.describe());
    this.describe = undefined;
    return this.text;
  }
}
