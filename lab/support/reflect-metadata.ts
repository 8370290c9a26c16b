/**
 * What `@peculiar/x509` requires of its host before it loads: its injector (tsyringe) looks for the
 * metadata of its classes' constructor parameters. They have none, so "nothing found" is correct,
 * and no polyfill package is needed. Import this before `@peculiar/x509`.
 */
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });
