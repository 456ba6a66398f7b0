import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { CONFIG } from '../config/config.js';
import { KeysModule } from '../keys/keys.module.js';
import { UsersModule } from '../users/users.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { AccessTokens } from './access-tokens.js';
import { AuthController } from './auth.controller.js';
import { Authenticator } from './authenticator.js';
import { BearerGuard } from './bearer.guard.js';
import { BearerStrategy } from './bearer.strategy.js';
import { JwtController } from './jwt/jwt.controller.js';
import { JWT_KEY, loadJwtKey } from './jwt/jwt-key.js';
import { JwtService } from './jwt/jwt.service.js';
import { LoginGate } from './login-gate.js';
import { LoginNetworks } from './login-networks.js';
import { LoginService } from './login.service.js';
import { LogoutService } from './logout.service.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { RegistrationGuard } from './registration.guard.js';
import { RegistrationService } from './registration.service.js';
import { SessionsService } from './sessions.service.js';
import { StrangerNetworks } from './stranger-networks.js';
import { UserCreation } from './user-creation.js';

/** Authentication. The guard is global: a route needs credentials unless it is marked as public. */
@Module({
  imports: [KeysModule, PassportModule, UsersModule, WalletModule],
  controllers: [AuthController, JwtController],
  providers: [
    { provide: JWT_KEY, inject: [CONFIG], useFactory: loadJwtKey },
    { provide: APP_GUARD, useClass: BearerGuard },
    AccessTokens,
    Authenticator,
    BearerStrategy,
    JwtService,
    LoginGate,
    LoginNetworks,
    LoginService,
    LogoutService,
    PasswordHasher,
    RegistrationGuard,
    RegistrationService,
    SessionsService,
    StrangerNetworks,
    UserCreation,
  ],
  exports: [Authenticator, JWT_KEY, PasswordHasher, SessionsService, UserCreation],
})
export class AuthModule {}
