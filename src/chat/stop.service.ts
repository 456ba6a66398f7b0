import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { NotFound } from '../errors.js';
import { UUID } from '../http/ids.js';
import { HoldStops } from '../wallet/holds/hold-stops.js';
import { HoldsService } from '../wallet/holds/holds.service.js';
import { RunningAnswers } from './running-answers.js';

/** How long `stop` waits. A process that runs the answer polls for stops several times in this time. */
const WAIT_MAX_MS = 5000;
const FIRST_POLL_MS = 10;
const POLL_INTERVAL_MAX_MS = 160;

/** Stops the running answers of an owner, in whichever process they run. */
@Injectable()
export class StopService {
  constructor(
    private readonly running: RunningAnswers,
    private readonly stops: HoldStops,
    private readonly holds: HoldsService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Stops an answer, as if its caller had left, also if the caller sent an idempotency key. Resolves when the
   * answer is settled, and its conversation is free. Also resolves after five seconds: by then the process
   * that runs the answer has seen the request, or it has ended and the hold will expire. Throws `NotFound` if
   * the owner has no running answer with this id.
   */
  async stop(ownerId: string, turnId: string): Promise<void> {
    if (!UUID.test(turnId)) throw new NotFound();
    const isFound =
      this.running.stop(ownerId, turnId) ||
      (await this.unitOfWork.run((tx) => this.stops.requestStop(tx, ownerId, turnId)));
    if (!isFound) throw new NotFound();
    const until = performance.now() + WAIT_MAX_MS;
    let wait = FIRST_POLL_MS;
    while (performance.now() < until) {
      await sleep(wait);
      if ((await this.holds.stateOf(turnId)) !== 'open') return;
      wait = Math.min(2 * wait, POLL_INTERVAL_MAX_MS);
    }
  }
}
