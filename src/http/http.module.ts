import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ApiDescription } from '../openapi/api-description.js';
import { DocsController } from '../openapi/docs.controller.js';
import { Drain } from './request-gate.js';
import { ErrorFilter } from './error.filter.js';
import { RouteTable } from './route-table.js';

@Global()
@Module({
  controllers: [DocsController],
  providers: [ApiDescription, Drain, RouteTable, { provide: APP_FILTER, useClass: ErrorFilter }],
  exports: [ApiDescription, Drain, RouteTable],
})
export class HttpModule {}
