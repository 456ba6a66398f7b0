import { Injectable } from '@nestjs/common';
import type { HashLine } from './passwords/password-hasher.js';

/** All networks are forgotten together after this time, or if there are too many. */
const WINDOW_MS = 600_000;
const NETWORKS_MAX = 50_000;

/** The networks of strangers who have tried to log in or to register lately. */
@Injectable()
export class StrangerNetworks {
  private tried = new Set<string>();
  private since = -Infinity;

  /** Notes a try from a network, and returns the line for its hash. */
  lineFor(network: string): HashLine {
    const now = performance.now();
    if (this.tried.size >= NETWORKS_MAX || now - this.since >= WINDOW_MS) {
      this.tried = new Set();
      this.since = now;
    }
    if (this.tried.has(network)) return 'recent';
    this.tried.add(network);
    return 'new';
  }
}
