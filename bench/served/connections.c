// Opens connections as fast as it can, from a hundred loopback addresses, until it is killed.
// `held`: the last 1,900 stay open, and each has sent a request. `closed`: each is closed as soon
// as it is opened. Prints `attacking` once it has opened one.
//
//   connections PORT held|closed

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESSES = 100, HELD = 1900 };

static const char REQUEST[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";

int main(int count, char **arguments) {
  if (count != 3) return 2;
  int holds = strcmp(arguments[2], "held") == 0;
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  static int held[HELD];
  for (long opened = 0;; opened++) {
    int *place = &held[opened % HELD];
    if (*place != 0) close(*place);
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection < 0) return 1;
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(0x7f010001 + opened % ADDRESSES);
    // Closing resets the connection, so that its port is free again.
    struct linger reset = {.l_onoff = 1};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (bind(connection, (struct sockaddr *)&own, sizeof own) != 0) return 1;
    int result = connect(connection, (struct sockaddr *)&server, sizeof server);
    if (opened == 0 && (result == 0 || errno == EINPROGRESS)) {
      puts("attacking");
      fflush(stdout);
    }
    if (holds) {
      send(connection, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL);
      *place = connection;
    } else {
      close(connection);
    }
  }
}
