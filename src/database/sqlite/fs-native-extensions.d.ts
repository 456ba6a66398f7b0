declare module 'fs-native-extensions' {
  /** Locks a range of bytes of an open file. Returns false if another process has it. Closing `fd` ends the lock. */
  export function tryLock(
    fd: number,
    offset: number,
    length: number,
    options?: { shared: boolean },
  ): boolean;
}
