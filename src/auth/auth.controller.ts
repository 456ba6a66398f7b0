import { Body, Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ValidationFailed } from '../errors.js';
import { Payload } from '../fields/body.pipe.js';
import { Access, CurrentPrincipal, Public } from '../http/request.decorators.js';
import { networkOf } from '../http/network.js';
import type { Principal } from '../principal.js';
import { AccessTokens } from './access-tokens.js';
import { AuthDocs } from './auth.docs.js';
import { LoginDto, RegisterDto, type LoggedInDto, type RegisteredDto } from './auth.dto.js';
import { LoginGate } from './login-gate.js';
import { LOGIN_REFUSED, LoginService } from './login.service.js';
import { LogoutService } from './logout.service.js';
import { RegisterBodyPipe } from './register-body.pipe.js';
import { RegistrationGuard } from './registration.guard.js';
import { RegistrationService } from './registration.service.js';

/** Registers users, and logs them in and out. */
@Controller('api')
export class AuthController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly loginGate: LoginGate,
    private readonly loginService: LoginService,
    private readonly accessTokens: AccessTokens,
    private readonly logoutService: LogoutService,
  ) {}

  @AuthDocs.register()
  @Public({ limit: 'register' })
  @UseGuards(RegistrationGuard)
  @Post('register')
  async register(
    @Body(RegisterBodyPipe) body: RegisterDto,
    @Req() { ip }: FastifyRequest,
  ): Promise<RegisteredDto> {
    const token = await this.registration.register(body, networkOf(ip));
    return { message: 'User registered successfully', token };
  }

  @AuthDocs.login()
  @Public({ jsonOnly: true, limit: 'login' })
  @Post('login')
  @HttpCode(200)
  async login(
    @Payload() { username, password }: LoginDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LoggedInDto> {
    const origin = await this.loginGate.admit({ request, reply }, username);
    const attempt = { username, password, ...origin };
    const token = await this.loginService.logIn(attempt, (tx, userId) =>
      this.accessTokens.issue(tx, userId),
    );
    if (token === undefined) {
      throw new ValidationFailed({ non_field_errors: [LOGIN_REFUSED] });
    }
    return { token };
  }

  /** Revokes the credential of this request, and no other. */
  @AuthDocs.logout()
  @Access('session')
  @Post('logout')
  @HttpCode(204)
  async logout(@CurrentPrincipal() principal: Principal): Promise<void> {
    await this.logoutService.leave(principal);
  }
}
