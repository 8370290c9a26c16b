/** How the network in front of a part is broken. */
export type ProxyFault = Readonly<
  /** Nobody listens, so that connecting is refused; open connections are cut. */
  | { kind: 'down' }
  /** Connections are accepted and nothing is passed on, in neither direction, until it is healed. */
  | { kind: 'hang' }
  /** Connections are accepted, and reset at the first bytes that come. */
  | { kind: 'reset' }
  /** Responses come so much later. */
  | { kind: 'slow'; milliseconds: number }
>;

/** How queries are (not) answered: never, SERVFAIL, or NXDOMAIN although the name is known. */
export type DnsFault = 'silent' | 'servfail' | 'nxdomain';

/** How the ingress is broken. */
export type IngressFault =
  | ProxyFault
  /** It responds to every request with this status itself. */
  | Readonly<{ kind: 'status'; code: number }>
  /** It shows a certificate of the same authority, for another host. */
  | Readonly<{ kind: 'wrong-certificate' }>;

/** How the network of a node is broken. */
export type NetworkFault =
  | ProxyFault
  | Readonly<
      /** It drops inbound connections; its outbound ones work. */
      | { kind: 'deaf' }
      /** It drops outbound connections; it can be reached. */
      | { kind: 'mute' }
      /** Nothing gets through, either way. */
      | { kind: 'isolated' }
      /** Packets of more than 1,000 bytes are lost without an ICMP message. */
      | { kind: 'mtu-black-hole' }
      /** So many of a hundred packets get lost, each way. */
      | { kind: 'loss'; percent: number }
      /** Each packet comes up to 40 ms late, so that they overtake each other, each way. */
      | { kind: 'reordering' }
      /** UDP packets to the probe are lost; all others come through. */
      | { kind: 'udp-drop' }
      /** So many of a hundred UDP packets that the probe sends in reply are lost. */
      | { kind: 'udp-reply-loss'; percent: number }
    >;

/**
 * How the network between the nodes is broken: the first so many do not reach the others, nor these them; `one-way`:
 * connections that these open work.
 */
export type NetworkSplit = Readonly<{ kind: 'split' | 'one-way-split'; first: number }>;
