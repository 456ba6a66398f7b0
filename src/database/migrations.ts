import { InitialSchema1764000000000 } from './migrations/1764000000000-initial-schema.js';

/** Every migration, oldest first. A released one is never edited: add another. */
export const migrations = [InitialSchema1764000000000];
