/** How the network in front of a part is broken. */
export type ProxyFault = Readonly<
  /** Nobody listens, so connections are refused; open ones are cut. */
  | { kind: 'down' }
  /** Connections are accepted, but nothing is forwarded in either direction until it is healed. */
  | { kind: 'hang' }
  /** Connections are accepted, and reset when the first bytes arrive. */
  | { kind: 'reset' }
  /** Responses are delayed by this much. */
  | { kind: 'slow'; milliseconds: number }
>;

/**
 * How queries fail: without a response, with SERVFAIL, or with NXDOMAIN although the name is known.
 */
export type DnsFault = 'silent' | 'servfail' | 'nxdomain';

/** How the ingress is broken. */
export type IngressFault =
  | ProxyFault
  /** It responds to every request itself, with this status. */
  | Readonly<{ kind: 'status'; code: number }>
  /** It presents a certificate of the same authority for another host. */
  | Readonly<{ kind: 'wrong-certificate' }>;

/** How the network of a node is broken. */
export type NetworkFault =
  | ProxyFault
  | Readonly<
      /** It drops inbound connections; its outbound ones work. */
      | { kind: 'deaf' }
      /** It drops outbound connections; it can be reached. */
      | { kind: 'mute' }
      /** Nothing gets through in either direction. */
      | { kind: 'isolated' }
      /** Packets of more than 1,000 bytes are lost without an ICMP message. */
      | { kind: 'mtu-black-hole' }
      /** This percentage of packets is lost in each direction. */
      | { kind: 'loss'; percent: number }
      /** Each packet is delayed by up to 40 ms, so that packets overtake each other, both ways. */
      | { kind: 'reordering' }
      /** UDP packets to the probe are lost; all others get through. */
      | { kind: 'udp-drop' }
      /** This percentage of the UDP packets that the probe sends in reply is lost. */
      | { kind: 'udp-reply-loss'; percent: number }
    >;

/**
 * How the network between the nodes is broken: the first N nodes and the rest do not reach each
 * other. `one-way`: connections that the rest opens work.
 */
export type NetworkSplit = Readonly<{ kind: 'split' | 'one-way-split'; first: number }>;
