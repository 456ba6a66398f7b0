import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../../config/config.js';
import { UnitOfWork } from '../../database/transactions/unit-of-work.js';
import { JwtRefused } from '../../errors.js';
import { Payload } from '../../fields/body.pipe.js';
import { Public } from '../../http/request.decorators.js';
import { JwtDocs } from './jwt.docs.js';
import { JwtCredentialsDto, JwtRefreshDto, JwtVerifyDto, type JwtRefreshedDto } from './jwt.dto.js';
import { JwtService, type JwtPair, type VerifiedJwt } from './jwt.service.js';
import { LoginGate } from '../login-gate.js';
import { LoginService } from '../login.service.js';

const notValid = () => new JwtRefused('Token is invalid or expired', 'token_not_valid');

/**
 * JWTs, with the routes and sentences of SimpleJWT. A refresh token can be used once, and again for a short
 * grace period.
 */
@Controller('api/token')
export class JwtController {
  constructor(
    private readonly loginGate: LoginGate,
    private readonly login: LoginService,
    private readonly jwts: JwtService,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @JwtDocs.obtain()
  @Public({ limit: 'login' })
  @Post()
  @HttpCode(200)
  async obtain(
    @Payload() { username, password }: JwtCredentialsDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JwtPair> {
    const origin = await this.loginGate.admit({ request, reply }, username);
    const attempt = { username, password, ...origin };
    const pair = await this.login.logIn(attempt, (tx, userId) => this.jwts.startFamily(tx, userId));
    if (!pair) {
      const detail = 'No active account found with the given credentials';
      throw new JwtRefused(detail, 'no_active_account');
    }
    return pair;
  }

  @JwtDocs.refresh()
  @Public({ limit: 'network' })
  @Post('refresh')
  @HttpCode(200)
  async refresh(@Payload() { refresh }: JwtRefreshDto): Promise<JwtRefreshedDto> {
    const claims = await this.refreshClaims(refresh);
    if (!claims.isActive) {
      const detail = 'No active account found for the given token.';
      throw new JwtRefused(detail, 'no_active_account');
    }
    if (!this.config.jwtRotate) {
      if (claims.isUsed) throw notValid();
      return { access: await this.jwts.access(claims) };
    }
    const pair = await this.unitOfWork.run((tx) => this.jwts.rotate(tx, claims));
    if (!pair) throw notValid();
    return { access: pair.access, refresh: pair.refresh };
  }

  @JwtDocs.verify()
  @Public({ limit: 'network' })
  @Post('verify')
  @HttpCode(200)
  async verify(@Payload() { token }: JwtVerifyDto): Promise<Record<string, never>> {
    // Checks only the JWT, as the reference does. Whether its user is active is not checked.
    const verified = await this.jwts.verify(token);
    if (!verified || verified.isUsed) throw notValid();
    return {};
  }

  @JwtDocs.blacklist()
  @Public({ limit: 'network' })
  @Post('blacklist')
  @HttpCode(200)
  async blacklist(@Payload() { refresh }: JwtRefreshDto): Promise<Record<string, never>> {
    const claims = await this.refreshClaims(refresh);
    await this.unitOfWork.run((tx) => this.jwts.end(tx, claims.family));
    return {};
  }

  private async refreshClaims(token: string): Promise<VerifiedJwt> {
    const claims = await this.jwts.verify(token);
    if (!claims || claims.isUserDeleted) throw notValid();
    if (claims.token_type !== 'refresh') {
      throw new JwtRefused('Token has wrong type', 'token_not_valid');
    }
    return claims;
  }
}
