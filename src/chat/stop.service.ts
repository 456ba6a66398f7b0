import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.js';
import { NotFound } from '../errors.js';
import { UUID_KEY } from '../http/pagination.js';
import { HoldStops } from '../wallet/hold-stops.js';
import { RunningAnswers } from './running-answers.js';

/** An answer of another process is stopped within its next look, and settled at once. */
const WAIT_MAX_MS = 5000;
const FIRST_LOOK_MS = 10;
const LOOK_MS_MAX = 160;

/** Ends answers under way for their owners, wherever they run. */
@Injectable()
export class StopService {
  constructor(
    private readonly running: RunningAnswers,
    private readonly stops: HoldStops,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Ends an answer as its caller's leaving does, also one with a key, and returns once it is settled: then the
   * conversation is free. After five seconds it returns all the same, for the process that runs it has been told,
   * or is gone, and its hold will expire. Throws `NotFound` for what is not the owner's, or does not run.
   */
  async stop(ownerId: string, turnId: string): Promise<void> {
    if (!UUID_KEY.test(turnId)) throw new NotFound();
    const isTold =
      this.running.stop(ownerId, turnId) ||
      (await this.unitOfWork.run((tx) => this.stops.ask(tx, ownerId, turnId)));
    if (!isTold) throw new NotFound();
    const until = performance.now() + WAIT_MAX_MS;
    let wait = FIRST_LOOK_MS;
    while (performance.now() < until) {
      await sleep(wait);
      if (!(await this.stops.isOpen(turnId))) return;
      wait = Math.min(2 * wait, LOOK_MS_MAX);
    }
  }
}
