import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { EmbeddingsController } from './embeddings.controller.js';
import { EmbeddingsService } from './embeddings.service.js';

@Module({
  imports: [ModelsModule, WalletModule],
  controllers: [EmbeddingsController],
  providers: [EmbeddingsService],
})
export class EmbeddingsModule {}
