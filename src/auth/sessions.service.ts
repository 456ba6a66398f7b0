import { Inject, Injectable } from '@nestjs/common';
import { Not } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/transactions/tx.js';
import { NotFound } from '../errors.js';
import { UUID } from '../http/ids.js';
import { type Keyset } from '../http/pagination.js';
import type { Principal } from '../principal.js';
import { SECOND_MICROS, nowMicros, type Micros } from '../time.js';
import { AccessToken } from './access-token.entity.js';
import { JwtFamily, REFRESH_LIFETIME_SECONDS } from './jwt/jwt-family.entity.js';

/** A session of a user: an access token, or the JWTs of one login. */
export interface Session {
  readonly id: string;
  readonly kind: Principal['kind'];
  readonly createdAt: Micros;
  /** For JWTs, when the last pair was made. */
  readonly lastUsedAt: Micros;
}

/** Lists and ends the sessions of a user, of both kinds. */
@Injectable()
export class SessionsService {
  private readonly idleMicros: number;

  constructor(
    private readonly reader: ReadConnection,
    @Inject(CONFIG) config: Config,
  ) {
    this.idleMicros = config.accessTokenIdleSeconds * SECOND_MICROS;
  }

  /** Returns one page of the valid sessions, newest first. */
  page(userId: string, { key, comparison, order, limit }: Keyset): Promise<Session[]> {
    const after = key === undefined ? '' : `AND id ${comparison} $6`;
    const now = nowMicros();
    const refreshLifetime = REFRESH_LIFETIME_SECONDS * SECOND_MICROS;
    return this.reader.read<Session>(
      `/* session.page */ SELECT id, 'access_token' AS kind, created_at AS "createdAt",
         last_used_at AS "lastUsedAt"
       FROM access_tokens WHERE user_id = $1 AND last_used_at > $2 ${after}
       UNION ALL SELECT id, 'jwt', created_at, expires_at - $5
       FROM jwt_families WHERE user_id = $1 AND expires_at > $3 ${after}
       ORDER BY id ${order} LIMIT $4`,
      [
        userId,
        now - this.idleMicros,
        now,
        limit,
        refreshLifetime,
        ...(key === undefined ? [] : [key]),
      ],
    );
  }

  /** Ends one session. Throws `NotFound` if the id is unknown or belongs to another user's session. */
  async end(tx: Tx, userId: string, id: string): Promise<void> {
    if (!UUID.test(id)) throw new NotFound();
    const tokens = await tx.write(
      '/* session.end_token */ DELETE FROM access_tokens WHERE id = $1 AND user_id = $2 RETURNING id',
      [id, userId],
    );
    const families = await tx.write(
      '/* session.end_family */ DELETE FROM jwt_families WHERE id = $1 AND user_id = $2 RETURNING id',
      [id, userId],
    );
    if (tokens.length + families.length === 0) throw new NotFound();
  }

  /** Ends every session of the user except the one with `keptId`, on every process, from the next request on. */
  async endAll(tx: Tx, userId: string, keptId = ''): Promise<void> {
    const ended = { userId, id: Not(keptId) };
    await (await tx.repository(AccessToken)).delete(ended);
    await (await tx.repository(JwtFamily)).delete(ended);
  }
}
