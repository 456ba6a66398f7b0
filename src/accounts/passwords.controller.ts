import { Controller, HttpCode, Post } from '@nestjs/common';
import { ValidationFailed } from '../errors.js';
import { Payload } from '../fields/body.pipe.js';
import { Access, CurrentPrincipal, Public } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { PasswordChangeDto, ResetConfirmDto, ResetRequestDto } from './passwords.dto.js';
import { PasswordDocs } from './passwords.docs.js';
import { PasswordsService } from './passwords.service.js';
import { ResetMails } from './reset-mails.js';

/** Changes a password, and sets a new one by a link after it was forgotten. */
@Controller('api/password')
export class PasswordsController {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly mails: ResetMails,
  ) {}

  @PasswordDocs.change()
  @Access('session', { limit: 'password' })
  @Post()
  @HttpCode(204)
  async change(
    @CurrentPrincipal() principal: Principal,
    @Payload() { current_password, new_password }: PasswordChangeDto,
  ): Promise<void> {
    await this.passwords.change(principal, current_password, new_password);
  }

  @PasswordDocs.request()
  @Public({ limit: 'network' })
  @Post('reset')
  @HttpCode(202)
  request(@Payload() { username, email }: ResetRequestDto): object {
    if (username === undefined && email === undefined) {
      throw new ValidationFailed({ non_field_errors: ['Give a username or an email address.'] });
    }
    this.mails.request({ username, email });
    return {};
  }

  @PasswordDocs.confirm()
  @Public({ limit: 'network' })
  @Post('reset/confirm')
  @HttpCode(204)
  async confirm(@Payload() { token, new_password }: ResetConfirmDto): Promise<void> {
    await this.passwords.setByLink(token, new_password);
  }
}
