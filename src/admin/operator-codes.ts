import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { RedemptionService, type NewCode } from '../wallet/redemption.service.js';
import { TrailService, type Actor } from './trail.service.js';

/** Makes redemption codes for operators. Each adds an entry to the trail. */
@Injectable()
export class OperatorCodes {
  constructor(
    private readonly redemptions: RedemptionService,
    private readonly trail: TrailService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Makes a code worth `amount` whole tokens. Only this call returns it. */
  make(amount: number, actor: Actor, newCode?: NewCode): Promise<string> {
    return this.unitOfWork.run(async (tx) => {
      const { id, code } = this.redemptions.make(tx, amount, actor.reason, newCode);
      await this.trail.add(tx, actor, 'make_code', id);
      return code;
    });
  }
}
