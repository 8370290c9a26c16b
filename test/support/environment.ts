import { ConfigError, readConfig } from '../../src/config.ts';

/** The least that a pod must be given: the variables without a default. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  KUBERNETES_SERVICE_HOST: '10.96.0.1',
  KUBERNETES_SERVICE_PORT: '443',
  KUBENURSE_INGRESS_URL: 'https://kubenurse.example.com',
  KUBENURSE_SERVICE_URL: 'http://kubenurse.kube-system.svc.cluster.local:8080',
  KUBENURSE_NAMESPACE: 'kube-system',
};

/** The mistakes that `readConfig()` reports, if any. Throws every error but a `ConfigError`. */
export function mistakesIn(environment: Readonly<Record<string, string>>): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}
