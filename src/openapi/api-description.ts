import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { toJson } from '../drf/json.js';

/** The OpenAPI document as it is served. Built when all routes are known, so it is handed in late. */
@Injectable()
export class ApiDescription {
  private text = '';

  /** To be called once, before the server listens. */
  publish(document: OpenAPIObject): void {
    this.text = toJson(document);
  }

  get json(): string {
    return this.text;
  }
}
