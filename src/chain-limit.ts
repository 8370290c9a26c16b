import { loadFfi } from './ffi.ts';

/** Between a server's own certificate and an authority that is trusted; public authorities have one or two. */
const MAX_INTERMEDIATES = 4;

/** The parameters that OpenSSL verifies every chain with, where nothing else is set; Node sets no depth. */
const DEFAULT = 'default';

/**
 * From now on, TLS clients of the process verify chains of at most four intermediates, not of OpenSSL's hundred: all
 * signatures of an untrusted chain are verified as well, in one turn of the event loop, at up to 14 ms each (DSA with
 * 10,000 bits; measured). Rejects where OpenSSL's functions cannot be called: no `node:ffi`, or another build of Node.
 */
export async function limitChains(): Promise<void> {
  const { dlopen } = await loadFfi();
  const { functions } = dlopen(null, {
    X509_VERIFY_PARAM_new: { arguments: [], return: 'pointer' },
    X509_VERIFY_PARAM_lookup: { arguments: ['string'], return: 'pointer' },
    X509_VERIFY_PARAM_set1: { arguments: ['pointer', 'pointer'], return: 'i32' },
    X509_VERIFY_PARAM_set1_name: { arguments: ['pointer', 'string'], return: 'i32' },
    X509_VERIFY_PARAM_set_depth: { arguments: ['pointer', 'i32'], return: 'void' },
    X509_VERIFY_PARAM_add0_table: { arguments: ['pointer'], return: 'i32' },
  });
  const parameters = functions.X509_VERIFY_PARAM_new();
  const original = functions.X509_VERIFY_PARAM_lookup(DEFAULT);
  functions.X509_VERIFY_PARAM_set1(parameters, original);
  functions.X509_VERIFY_PARAM_set1_name(parameters, DEFAULT);
  functions.X509_VERIFY_PARAM_set_depth(parameters, MAX_INTERMEDIATES);
  // It owns them from here on, and replaces those of the same name.
  functions.X509_VERIFY_PARAM_add0_table(parameters);
}
