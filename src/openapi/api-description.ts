import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { toJson } from '../drf/json.js';

/**
 * The OpenAPI document as it is served. It is made when it is first asked for: that takes a tenth of a second, which no
 * start has to wait for. How to make it is handed in late, when all routes are known.
 */
@Injectable()
export class ApiDescription {
  private describe: (() => OpenAPIObject) | undefined;
  private text: string | undefined;

  /** To be called once, before the server listens. */
  publish(describe: () => OpenAPIObject): void {
    this.describe = describe;
  }

  /** The document's JSON. Throws before anything is published. */
  get json(): string {
    if (this.text !== undefined) return this.text;
    if (!this.describe) throw new Error('no description is published yet');
    this.text = toJson(this.describe());
    this.describe = undefined;
    return this.text;
  }
}
