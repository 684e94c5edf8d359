// How many TCP connections a second are made: a client that connects and closes, and a server that accepts and closes,
// both on one CPU, so that what the kernel does for a connection is what is measured, and not where it does it.
//
//   cc -O2 -o connect connect.c
//   ./connect serve CPU PORT                        listens on every IPv4 address, prints a line when it does
//   ./connect rate CPU ADDRESS PORT MILLISECONDS    prints connections a second
//
// The client closes by a reset: no TIME_WAIT uses up its ports.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) { perror(what); exit(1); }
static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) die("sched_setaffinity");
}
static struct sockaddr_in at(const char *address, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, address, &a.sin_addr) != 1) { fprintf(stderr, "%s is no IPv4 address\n", address); exit(2); }
  return a;
}

static void serve(int port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in any = at("0.0.0.0", port);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (void *)&any, sizeof any)) die("bind");
  if (listen(listener, 4096)) die("listen");
  puts("listening");
  fflush(stdout);
  for (;;) {
    int connection = accept(listener, 0, 0);
    if (connection < 0) die("accept");
    close(connection);
  }
}

static void rate(struct sockaddr_in server, double seconds) {
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  long connections = 0;
  double start = now_s(), now;
  do {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0) die("socket");
    if (connect(client, (void *)&server, sizeof server)) die("connect");
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client);
    connections++;
    now = now_s();
  } while (now - start < seconds);
  printf("%.1f\n", connections / (now - start));
}

int main(int argc, char **argv) {
  if (argc == 4 && !strcmp(argv[1], "serve")) {
    pin(atoi(argv[2]));
    serve(atoi(argv[3]));
  } else if (argc == 6 && !strcmp(argv[1], "rate")) {
    pin(atoi(argv[2]));
    rate(at(argv[3], atoi(argv[4])), atof(argv[5]) / 1000);
    return 0;
  }
  fprintf(stderr, "usage: connect serve CPU PORT | connect rate CPU ADDRESS PORT MILLISECONDS\n");
  return 2;
}
