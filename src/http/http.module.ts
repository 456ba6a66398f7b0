import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Drain } from './drain.js';
import { ErrorFilter } from './error.filter.js';

@Global()
@Module({
  providers: [Drain, { provide: APP_FILTER, useClass: ErrorFilter }],
  exports: [Drain],
})
export class HttpModule {}
