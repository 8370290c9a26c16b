/*
 * Times on the wire, by the kernel's own stamps: for each TCP connection that is begun on this interface's side a line
 *
 *     <server's address> <server's port> <the SYN, ns since the epoch> <SYN-ACK> <request> <answer>
 *
 * the last three in nanoseconds after the SYN: when the server's first packet came, when the last packet of the
 * request left, and when the first byte of the answer came. Ends at SIGTERM.
 *
 *     capture <interface>
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* How often it looks, ns. It is woken by no packet, so as to take no time from who is measured. */
enum { LOOK_EVERY = 500000000, BUFFER = 64 << 20 };
/* What is shorter, in bytes, is no request and no answer, but the end of TLS. */
enum { SHORTEST = 64 };

/* By the client's port. Who is asked at the same time has another one. */
static struct { unsigned sequence; long long syn, syn_ack, request, answer; } connections[65536];

static volatile sig_atomic_t is_over;

static void end(int signal) {
  is_over = signal;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void see(const unsigned char *bytes, ssize_t length, int outgoing, long long time) {
  const struct iphdr *ip = (const void *)bytes;
  if (length < 20 || ip->version != 4 || ip->protocol != IPPROTO_TCP || length < ip->ihl * 4 + 20) return;
  const struct tcphdr *tcp = (const void *)(bytes + ip->ihl * 4);
  int payload = ntohs(ip->tot_len) - ip->ihl * 4 - tcp->doff * 4;
  typeof(*connections) *it = &connections[ntohs(outgoing ? tcp->source : tcp->dest)];
  if (outgoing && tcp->syn && it->sequence != tcp->seq) {
    it->sequence = tcp->seq;
    it->syn = time;
    it->answer = 0;
  }
  /* Over, or begun before we were. */
  if (!it->syn) return;
  long long since = time - it->syn;
  if (outgoing) {
    if (payload >= SHORTEST) it->request = since;
  } else {
    if (tcp->syn) it->syn_ack = since;
    if (payload >= SHORTEST) it->answer = since;
  }
  if (it->answer && (tcp->fin || tcp->rst)) {
    char server[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, outgoing ? &ip->daddr : &ip->saddr, server, sizeof server);
    printf("%s %d %lld %lld %lld %lld\n", server, ntohs(outgoing ? tcp->dest : tcp->source), it->syn, it->syn_ack,
           it->request, it->answer);
    it->syn = 0;
  }
}

static void drain(int fd) {
  unsigned char bytes[128];
  char control[128];
  for (;;) {
    struct sockaddr_ll from;
    struct iovec data = {bytes, sizeof bytes};
    struct msghdr message = {&from, sizeof from, &data, 1, control, sizeof control, 0};
    ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
    if (length < 0) return;
    struct cmsghdr *stamp = CMSG_FIRSTHDR(&message);
    if (!stamp || stamp->cmsg_type != SCM_TIMESTAMPNS || from.sll_protocol != htons(ETH_P_IP)) continue;
    struct timespec *time = (struct timespec *)CMSG_DATA(stamp);
    see(bytes, length, from.sll_pkttype == PACKET_OUTGOING, time->tv_sec * 1000000000LL + time->tv_nsec);
  }
}

int main(int count, char **values) {
  if (count != 2) return 2;
  int yes = 1, size = BUFFER;
  /* Of one protocol alone it would not see what leaves. */
  int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
  if (fd < 0) fail("AF_PACKET");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  address.sll_ifindex = if_nametoindex(values[1]);
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) fail(values[1]);
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes)) fail("SO_TIMESTAMPNS");
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)) fail("SO_RCVBUFFORCE");
  signal(SIGTERM, end);
  printf("listening\n");
  while (!is_over) {
    struct timespec pause = {0, LOOK_EVERY};
    fflush(stdout);
    nanosleep(&pause, NULL);
    drain(fd);
  }

  struct tpacket_stats lost;
  socklen_t length = sizeof lost;
  getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &lost, &length);
  if (lost.tp_drops) fprintf(stderr, "%u packets were lost\n", lost.tp_drops);
  return lost.tp_drops ? 1 : 0;
}
