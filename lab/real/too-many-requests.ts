import type { IncomingHttpHeaders } from 'node:http';
import { until } from '../support/until.ts';
import type { ApiObject, KubeClient, RawResponse, UnfinishedPost } from './kube-client.ts';

const EFFECT_LIMIT_MS = 10_000;

const GROUP = '/apis/flowcontrol.apiserver.k8s.io/v1';
const NAME = 'refuse-kubenurse';

/** No seats, none to lend or borrow, and no queue. */
const PRIORITY_LEVEL: ApiObject = {
  metadata: { name: NAME },
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 0,
      lendablePercent: 0,
      borrowingLimitPercent: 0,
      limitResponse: { type: 'Reject' },
    },
  },
};

/** All requests of the service account, before every flow schema of Kubernetes except `exempt`. */
const FLOW_SCHEMA: ApiObject = {
  metadata: { name: NAME },
  spec: {
    priorityLevelConfiguration: { name: NAME },
    matchingPrecedence: 2,
    rules: [
      {
        subjects: [
          {
            kind: 'ServiceAccount',
            serviceAccount: { namespace: 'kubenurse', name: 'kubenurse' },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            clusterScope: true,
            namespaces: ['*'],
          },
        ],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      },
    ],
  },
};

/** What everyone may POST to. */
const HELD = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

/**
 * Makes priority and fairness respond with 429 to all requests of the service account `kubenurse`.
 * Open watches continue.
 *
 * A level without seats still admits one request at a time ("a quick fix for now", according to the
 * code of k8s.io/apiserver), so a request that does not end is held there.
 */
export class TooManyRequests {
  readonly #admin: KubeClient;
  readonly #kubenurse: KubeClient;
  #flowSchema: string | undefined;
  #held: UnfinishedPost | undefined;

  /** `kubenurse` authenticates as the service account. */
  constructor(admin: KubeClient, kubenurse: KubeClient) {
    this.#admin = admin;
    this.#kubenurse = kubenurse;
  }

  /** Resolves once it is in effect. Throws a KubeError. */
  async begin(): Promise<void> {
    await this.#admin.create(`${GROUP}/prioritylevelconfigurations`, PRIORITY_LEVEL);
    const { metadata } = await this.#admin.create(`${GROUP}/flowschemas`, FLOW_SCHEMA);
    this.#flowSchema = metadata.uid;
    await this.#untilResponse('comes from this flow schema', ({ headers }) =>
      this.#isOurs(headers),
    );
    // This request is rejected itself while an earlier one still has the seat.
    await this.#untilResponse('is 429', ({ status }) => {
      if (!this.#held?.isOpen) {
        this.#held = this.#kubenurse.beginPost(HELD);
        return false;
      }
      return status === 429;
    });
  }

  /** Resolves once it is over. Throws a KubeError. */
  async end(): Promise<void> {
    this.#held?.giveUp();
    this.#held = undefined;
    await this.#admin.delete(`${GROUP}/flowschemas/${NAME}`);
    await this.#admin.delete(`${GROUP}/prioritylevelconfigurations/${NAME}`);
    await this.#untilResponse(
      'comes from another flow schema',
      ({ headers }) => !this.#isOurs(headers),
    );
  }

  #isOurs(headers: IncomingHttpHeaders): boolean {
    return headers['x-kubernetes-pf-flowschema-uid'] === this.#flowSchema;
  }

  async #untilResponse(how: string, isSo: (response: RawResponse) => boolean): Promise<void> {
    await until(`kubenurse's response ${how}`, EFFECT_LIMIT_MS, async () =>
      isSo(await this.#kubenurse.raw('/version')),
    );
  }
}
