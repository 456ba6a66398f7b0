import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { UsersModule } from '../users/users.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { AccountDeletion } from './account-deletion.js';
import { Mailer } from './mailer.js';
import { MeController } from './me.controller.js';
import { PasswordLinks } from './password-links.js';
import { PasswordsController } from './passwords.controller.js';
import { PasswordsService } from './passwords.service.js';
import { ResetMails } from './reset-mails.js';
import { RowDeletion } from './row-deletion.js';
import { SessionsController } from './sessions.controller.js';

/** What users do with their own accounts: password, sessions, deletion. */
@Module({
  imports: [AuthModule, UsersModule, WalletModule],
  controllers: [MeController, PasswordsController, SessionsController],
  providers: [AccountDeletion, Mailer, PasswordLinks, PasswordsService, ResetMails, RowDeletion],
  exports: [PasswordLinks],
})
export class AccountsModule {}
