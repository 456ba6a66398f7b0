import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { RequestGate } from './request-gate.js';
import { ErrorFilter } from './error.filter.js';
import { UnreadAnswers } from './unread-answers.js';
import { RouteTable } from './route-table.js';

@Global()
@Module({
  providers: [
    RequestGate,
    RouteTable,
    UnreadAnswers,
    { provide: APP_FILTER, useClass: ErrorFilter },
  ],
  exports: [RequestGate, RouteTable, UnreadAnswers],
})
export class HttpModule {}
