import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { toJson } from '../drf/json.js';

/** The OpenAPI document as it is served. Made when it is first asked for, since most processes never are. */
@Injectable()
export class ApiDescription {
  private describe: (() => OpenAPIObject) | undefined;
  private text = '';

  /** To be called once, before the server listens. All routes are known when `describe` is called. */
  publish(describe: () => OpenAPIObject): void {
    this.describe = describe;
  }

  get json(): string {
    if (this.describe) this.text = toJson(this.describe());
    this.describe = undefined;
    return this.text;
  }
}
