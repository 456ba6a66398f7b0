import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Drain } from './request-gate.js';
import { ErrorFilter } from './error.filter.js';
import { RouteTable } from './route-table.js';

@Global()
@Module({
  providers: [Drain, RouteTable, { provide: APP_FILTER, useClass: ErrorFilter }],
  exports: [Drain, RouteTable],
})
export class HttpModule {}
