import { NAMESPACE } from './pod.ts';

/** The host names by which the program knows the parts. */
export const API_SERVER_HOST = 'kubernetes.default.svc.cluster.local';
export const SERVICE_HOST = `kubenurse.${NAMESPACE}.svc.cluster.local`;
export const INGRESS_HOST = 'kubenurse.example.test';
