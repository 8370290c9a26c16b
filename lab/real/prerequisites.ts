import { whatIsNotBuilt } from '../tools/tool.ts';

/**
 * Which programs of `npm run tools` the cluster of real parts lacks, as a message; `undefined` if
 * none.
 */
export function whatRealPartsLack(): string | undefined {
  return whatIsNotBuilt(['etcd', 'kube-apiserver', 'kubectl', 'impair']);
}
