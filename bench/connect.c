// How many TCP connections a second are made: a client that connects and closes, and a server that accepts and closes,
// both on one CPU, so that what the kernel does for a connection is what is measured, and not where it does it. The seconds
// are those that the two have that CPU: what others do on it meanwhile does not count.
//
//   cc -O2 -o connect connect.c
//   ./connect serve CPU PORT                        listens on every IPv4 address, prints a line when it does
//   ./connect rate CPU ADDRESS PORT SERVER COUNT    makes them; SERVER is the server's process id; prints their rate
//
// ADDRESS may be several, with commas between: they are taken in turns. SERVER, too: the seconds are those of all.
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
static double seconds(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) die("clock_gettime");
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

enum { most = 1024 };
static struct sockaddr_in addresses[most];
static clockid_t clocks[most];

static int parts(char *list, char **into) {
  int count = 0;
  for (char *part = strtok(list, ","); part; part = strtok(0, ",")) {
    if (count == most) { fprintf(stderr, "more than %d\n", most); exit(2); }
    into[count++] = part;
  }
  return count;
}

static double cpu_seconds(int servers) {
  double sum = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < servers; i++) sum += seconds(clocks[i]);
  return sum;
}

static void rate(char *address_list, int port, char *server_list, int count) {
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  char *found[most];
  int several = parts(address_list, found);
  for (int i = 0; i < several; i++) addresses[i] = at(found[i], port);
  int servers = parts(server_list, found);
  for (int i = 0; i < servers; i++)
    if (clock_getcpuclockid(atoi(found[i]), &clocks[i])) die("clock_getcpuclockid");
  double start = cpu_seconds(servers);
  for (int i = 0; i < count; i++) {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0) die("socket");
    if (connect(client, (void *)&addresses[i % several], sizeof addresses[0])) die("connect");
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client);
  }
  printf("%.1f\n", count / (cpu_seconds(servers) - start));
}

int main(int argc, char **argv) {
  if (argc == 4 && !strcmp(argv[1], "serve")) {
    pin(atoi(argv[2]));
    serve(atoi(argv[3]));
  } else if (argc == 7 && !strcmp(argv[1], "rate")) {
    pin(atoi(argv[2]));
    rate(argv[3], atoi(argv[4]), argv[5], atoi(argv[6]));
    return 0;
  }
  fprintf(stderr, "usage: connect serve CPU PORT | connect rate CPU ADDRESS PORT SERVER COUNT\n");
  return 2;
}
