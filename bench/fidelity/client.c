/*
 * The reference client: requests each target once per interval, in turn, and prints for each
 * `<number of the target> <nanoseconds> <of which connect() took>`.
 * The clock runs from before the socket is created until the head of the response has arrived, as
 * the probe's does.
 *
 *     client <interval, ms> <offset in it, ms> <rounds> <port> <CA file, or - for plain HTTP>
 *            <IPv4 address>...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const struct timeval patience = {6, 0};
static const unsigned char alpn[] = "\x08http/1.1";
static SSL_CTX *trusted;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Sends the request and reads until the head of the response is complete. */
static void exchange(int fd, SSL *tls, const char *request) {
  char response[4096];
  size_t length = strlen(request), got = 0;
  ssize_t sent = tls ? SSL_write(tls, request, length) : write(fd, request, length);
  if (sent != (ssize_t)length) fail("write");
  do {
    char *rest = response + got;
    size_t room = sizeof response - 1 - got;
    ssize_t read_now = tls ? SSL_read(tls, rest, room) : read(fd, rest, room);
    if (read_now <= 0) fail("read");
    got += read_now;
    response[got] = 0;
  } while (!strstr(response, "\r\n\r\n"));
}

/* Returns the nanoseconds that the request took, and stores those of connect() in `connected`. */
static long long timed_request(const char *host, struct sockaddr_in *address, long long *connected) {
  int yes = 1;
  char request[256];
  snprintf(request, sizeof request,
           "GET / HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: kubenurse/0.1.0\r\nConnection: close\r\n\r\n", host,
           ntohs(address->sin_port));

  long long start = nanoseconds(CLOCK_MONOTONIC);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  *connected = -nanoseconds(CLOCK_MONOTONIC);
  if (connect(fd, (struct sockaddr *)address, sizeof *address)) fail("connect");
  *connected += nanoseconds(CLOCK_MONOTONIC);
  SSL *tls = NULL;
  if (trusted) {
    tls = SSL_new(trusted);
    SSL_set_fd(tls, fd);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host);
    if (SSL_connect(tls) != 1) fail("TLS handshake");
  }
  exchange(fd, tls, request);
  long long took = nanoseconds(CLOCK_MONOTONIC) - start;

  if (tls) SSL_shutdown(tls);
  SSL_free(tls);
  close(fd);
  return took;
}

int main(int count, char **values) {
  if (count < 7) return 2;
  long long interval = atoll(values[1]) * 1000000, place = atoll(values[2]) * 1000000;
  int rounds = atoi(values[3]), port = atoi(values[4]), targets = count - 6;
  char **hosts = values + 6;
  if (strcmp(values[5], "-")) {
    trusted = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(trusted, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_alpn_protos(trusted, alpn, sizeof alpn - 1);
    if (SSL_CTX_load_verify_locations(trusted, values[5], NULL) != 1) fail(values[5]);
  }
  for (int round = 0; round < rounds; round++) {
    long long now = nanoseconds(CLOCK_REALTIME);
    long long begin = ((now - place) / interval + 1) * interval + place;
    struct timespec until = {begin / 1000000000, begin % 1000000000};
    clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
    for (int target = 0; target < targets; target++) {
      struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
      inet_pton(AF_INET, hosts[target], &address.sin_addr);
      long long connected, took = timed_request(hosts[target], &address, &connected);
      printf("%d %lld %lld\n", target, took, connected);
    }
    fflush(stdout);
  }
  return 0;
}
