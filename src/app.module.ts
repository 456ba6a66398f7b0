import { Global, Module, type DynamicModule } from '@nestjs/common';
import { AccountsModule } from './accounts/accounts.module.js';
import { AdminModule } from './admin/admin.module.js';
import { AuthModule } from './auth/auth.module.js';
import { ChatModule } from './chat/chat.module.js';
import { CONFIG, type Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import { DjangoModule } from './django/django.module.js';
import { EmbeddingsModule } from './embeddings/embeddings.module.js';
import { entities } from './entities.js';
import { Arrivals } from './http/arrivals.js';
import { HttpModule } from './http/http.module.js';
import { ConversationsModule } from './conversations/conversations.module.js';
import { KeysModule } from './keys/keys.module.js';
import { LimitsModule } from './limits/limits.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ModelsModule } from './models/models.module.js';
import { OpenAiModule } from './openai/openai.module.js';
import { OpenApiModule } from './openapi/openapi.module.js';
import { ResponsesModule } from './responses/responses.module.js';
import { UsageModule } from './usage/usage.module.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { UsersModule } from './users/users.module.js';
import { WalletModule } from './wallet/wallet.module.js';
import { WebModule } from './web/web.module.js';

/** All modules, and what they share: the one `Config`, and the requests that wait for their start. */
@Global()
@Module({})
export class AppModule {
  static forRoot(config: Config, arrivals = new Arrivals(config)): DynamicModule {
    return {
      module: AppModule,
      imports: [
        HttpModule,
        OpenApiModule,
        DatabaseModule.forRoot(entities),
        MetricsModule,
        ObservabilityModule,
        UsersModule,
        WalletModule,
        UsageModule,
        AuthModule,
        KeysModule,
        AccountsModule,
        LimitsModule,
        ModelsModule,
        ChatModule,
        ConversationsModule,
        OpenAiModule,
        EmbeddingsModule,
        ResponsesModule,
        AdminModule,
        DjangoModule,
        WebModule,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Arrivals, useValue: arrivals },
      ],
      exports: [CONFIG, Arrivals],
    };
  }
}
