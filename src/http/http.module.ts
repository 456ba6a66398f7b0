import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ApiDescription } from './api-description.js';
import { DocsController } from './docs.controller.js';
import { Drain } from './drain.js';
import { ErrorFilter } from './error.filter.js';
import { RouteTable } from './route-table.js';

@Global()
@Module({
  controllers: [DocsController],
  providers: [ApiDescription, Drain, RouteTable, { provide: APP_FILTER, useClass: ErrorFilter }],
  exports: [ApiDescription, Drain, RouteTable],
})
export class HttpModule {}
