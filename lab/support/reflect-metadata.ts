/**
 * What `@peculiar/x509` demands of its host before it loads: its injector (tsyringe) looks for the
 * metadata of its classes' constructor parameters. They have none, so that "nothing found" is the
 * whole truth, and no polyfill package is needed. Import this before `@peculiar/x509`.
 */
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });
