import { Module } from '@nestjs/common';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { UsersModule } from '../users/users.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { DjangoImport } from './django-import.service.js';
import { People } from './people.js';
import { PersonWriter } from './person-writer.js';

/** Imports the users of the Django service that this one replaces. */
@Module({
  imports: [ConversationsModule, UsersModule, WalletModule],
  providers: [DjangoImport, People, PersonWriter],
  exports: [DjangoImport],
})
export class DjangoModule {}
