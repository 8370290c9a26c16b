// Sends `GET` requests for the paths in turn, RATE per second for SECONDS, each over its own
// connection, without waiting for responses. Prints `PATH STATUS COUNT` for each path and status.
// Status 0: no response.
// wrk is no substitute: each of its connections waits for a response, so that a slow server lowers
// the rate.
//
//   flood ADDRESS PORT RATE SECONDS PATH...

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// With MOST_CONNECTIONS open, it must wait for one to close.
enum { MOST_CONNECTIONS = 900, MOST_PATHS = 16, STATUSES = 600, LAST_ANSWERS_NS = 2000000000 };

typedef struct {
  int open;
  int path;
  int sent;
  int status;
} Connection;

static Connection connections[MOST_CONNECTIONS + 64];
static long counts[MOST_PATHS][STATUSES];
static struct sockaddr_in server;
static int events, open_now;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void begin(int path) {
  int connection = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (connection < 0 || connection >= MOST_CONNECTIONS + 64) exit(1);
  struct epoll_event wanted = {.events = EPOLLOUT, .data.fd = connection};
  connections[connection] = (Connection){.open = 1, .path = path};
  if (connect(connection, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) {
    perror("connect");
    exit(1);
  }
  if (epoll_ctl(events, EPOLL_CTL_ADD, connection, &wanted) != 0) exit(1);
  open_now++;
}

static void end(int connection) {
  counts[connections[connection].path][connections[connection].status]++;
  connections[connection].open = 0;
  close(connection);
  open_now--;
}

static void go_on(int connection, const char *path) {
  Connection *state = &connections[connection];
  char text[16384];
  if (!state->sent) {
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = connection};
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    state->sent = 1;
    if (send(connection, text, length, MSG_NOSIGNAL) != length) return end(connection);
    epoll_ctl(events, EPOLL_CTL_MOD, connection, &wanted);
    return;
  }
  ssize_t got = recv(connection, text, sizeof text - 1, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return end(connection);
  text[got] = 0;
  if (state->status == 0 && sscanf(text, "HTTP/1.1 %d", &state->status) == 1 &&
      (state->status < 0 || state->status >= STATUSES)) {
    state->status = 0;
  }
}

int main(int argc, char **argv) {
  if (argc < 6 || argc > 5 + MOST_PATHS) return 2;
  long long gap = 1000000000LL / atoi(argv[3]), wanted = (long long)atoi(argv[3]) * atoi(argv[4]);
  int paths = argc - 5;
  long long begun = 0;
  server.sin_family = AF_INET;
  server.sin_port = htons(atoi(argv[2]));
  if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) return 2;
  events = epoll_create1(0);

  long long start = now(), last = start + wanted * gap + LAST_ANSWERS_NS;
  while ((begun < wanted || open_now > 0) && now() < last) {
    while (begun < wanted && start + begun * gap <= now() && open_now < MOST_CONNECTIONS) {
      begin(begun++ % paths);
    }
    struct epoll_event ready[64];
    int count = epoll_wait(events, ready, 64, 1);
    for (int i = 0; i < count; i++) {
      int connection = ready[i].data.fd;
      go_on(connection, argv[5 + connections[connection].path]);
    }
  }
  // Requests that it had no time to send, and those without a response in time.
  for (; begun < wanted; begun++) counts[begun % paths][0]++;
  for (int connection = 0; connection < MOST_CONNECTIONS + 64; connection++) {
    if (connections[connection].open) end(connection);
  }
  for (int path = 0; path < paths; path++) {
    for (int status = 0; status < STATUSES; status++) {
      if (counts[path][status] > 0) printf("%s %d %ld\n", argv[5 + path], status, counts[path][status]);
    }
  }
  return 0;
}
