import type { ModelSettings } from '../config/models-file.js';
import type { CompletionProvider } from './providers/provider.js';

/** A model as callers know it by its `id`, and who stands behind it. */
export interface Model extends Omit<ModelSettings, 'provider'> {
  readonly provider: CompletionProvider;
}
