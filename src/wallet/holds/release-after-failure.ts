import { Logger } from '@nestjs/common';
import type { UnitOfWork } from '../../database/transactions/unit-of-work.js';
import { DatabaseUnavailable } from '../../errors.js';
import type { HoldsService } from './holds.service.js';

const logger = new Logger('ReleaseAfterFailure');

/**
 * Releases a hold after a failure, unless it was resolved before. If the release fails too, the next sweep
 * tries again. Never throws, so that it does not hide the first failure.
 */
export async function releaseAfterFailure(
  unitOfWork: UnitOfWork,
  holds: HoldsService,
  holdId: string,
): Promise<void> {
  try {
    await unitOfWork.run((tx) => holds.release(tx, holdId, 'released'));
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable))
      logger.error({ err: error, holdId }, 'the hold was not released; the next sweep tries again');
    holds.releaseLater(holdId);
  }
}
