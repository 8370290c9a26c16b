// Sends `GET PATH` to an address COUNT times, one after the other, and prints the nanoseconds that
// each took, one per line: until the end of the response's head, which is all of an empty response.
// `new`: each over a new connection, whose opening is included. Pauses after each, so that
// kubenurse serves every request immediately (it serves 250 per second).
// wrk is no substitute: it does not measure connection set-up, and prints quantiles instead of each
// latency.
//
//   request ADDRESS PORT PATH COUNT new|keep [SOURCE]

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REST_US = 5000 };

static struct sockaddr_in server, source;
static char request[1024];
static char response[65536];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int dial(void) {
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  struct timeval limit = {.tv_sec = 6};
  int on = 1;
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(connection, (struct sockaddr *)&source, sizeof source) != 0) fail("bind");
  if (connect(connection, (struct sockaddr *)&server, sizeof server) != 0) fail("connect");
  return connection;
}

static void exchange(int connection) {
  size_t length = 0;
  if (send(connection, request, strlen(request), MSG_NOSIGNAL) < 0) fail("send");
  do {
    ssize_t got = recv(connection, response + length, sizeof response - 1 - length, 0);
    if (got < 0) fail("recv");
    if (got == 0) break;
    length += got;
    response[length] = 0;
  } while (strstr(response, "\r\n\r\n") == NULL);
  if (strncmp(response, "HTTP/1.1 200", 12) != 0) {
    fprintf(stderr, "not 200: %.80s\n", response);
    exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc != 6 && argc != 7) return 2;
  int count = atoi(argv[4]), keep = strcmp(argv[5], "keep") == 0, connection = -1;
  server.sin_family = source.sin_family = AF_INET;
  if (argc == 7 && inet_pton(AF_INET, argv[6], &source.sin_addr) != 1) return 2;
  server.sin_port = htons(atoi(argv[2]));
  if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) return 2;
  snprintf(request, sizeof request,
           "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: kubenurse/1\r\nAccept: */*\r\n"
           "KUBENURSE-NEIGHBOUR-ORIGIN: kubenurse-bench\r\nConnection: %s\r\n\r\n",
           argv[3], argv[1], argv[2], keep ? "keep-alive" : "close");
  if (keep) connection = dial();
  for (int i = 0; i < count; i++) {
    long long begin = now();
    if (!keep) connection = dial();
    exchange(connection);
    printf("%lld\n", now() - begin);
    if (!keep) {
      // Wait until the server has closed as well, before the next request.
      while (recv(connection, response, sizeof response, 0) > 0) continue;
      close(connection);
    }
    if (i + 1 < count) usleep(REST_US);
  }
  return 0;
}
