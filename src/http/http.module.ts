import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { RequestGate } from './request-gate.js';
import { ErrorFilter } from './error.filter.js';
import { RouteTable } from './route-table.js';

@Global()
@Module({
  providers: [RequestGate, RouteTable, { provide: APP_FILTER, useClass: ErrorFilter }],
  exports: [RequestGate, RouteTable],
})
export class HttpModule {}
