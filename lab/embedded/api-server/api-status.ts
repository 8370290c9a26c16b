import { STATUS_CODES } from 'node:http';

/** The API server's error response: `Status` of meta/v1. */
export type Status = Readonly<{
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, never>;
  status: 'Failure';
  message: string;
  reason?: string;
  details?: StatusDetails;
  code: number;
}>;

/** Empty for a failure that concerns no resource. */
export type StatusDetails = Readonly<{ name?: string; kind?: string }>;

/** `StatusReason` of apimachinery's meta/v1, for the codes that have one. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A failed request, whose response is a Status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: Status;

  /** `message`: by default, the HTTP code's reason phrase. */
  constructor(code: number, message?: string, details?: StatusDetails) {
    super(message ?? STATUS_CODES[code] ?? `status ${code}`);
    const reason = REASONS[code];
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(reason && { reason }),
      ...(details && { details }),
      code,
    };
  }
}
