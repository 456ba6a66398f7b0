import { Module } from '@nestjs/common';
import { ModelCatalogue } from './model-catalogue.js';

@Module({ providers: [ModelCatalogue], exports: [ModelCatalogue] })
export class ModelsModule {}
