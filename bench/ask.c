// How long an answer of the name server at 127.0.0.11 takes: one client that asks, waits for the answer, and asks again.
//
//   cc -O2 -o ask ask.c
//   ./ask NAME udp|tcp COUNT   so many questions for A; prints {"p50":, "p99":, "max":} in microseconds, {"rate":} per second, {"lost":}
//   ./ask NAME udp|tcp         until it is sent SIGTERM
//   ./ask NAME changes         prints at first, and each time that the name gets or loses its addresses, whether it has any (1, 0)
//                              and since when it is answered so: CLOCK_MONOTONIC, milliseconds
//
// By TCP all go over one connection. What is not answered with an address in a second is lost.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) { perror(what); exit(1); }
static double microseconds(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_MONOTONIC, &t)) die("clock_gettime");
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

// The question, behind two bytes for its length.
static unsigned char question[2 + 512];
static int question_length;
static void make_question(const char *name) {
  unsigned char *at = question + 2;
  memcpy(at, "\0\0\1\0\0\1\0\0\0\0\0\0", 12);
  at += 12;
  while (*name) {
    size_t label = strcspn(name, ".");
    *at++ = label;
    memcpy(at, name, label);
    at += label;
    name += label + (name[label] == '.');
  }
  memcpy(at, "\0\0\1\0\1", 5);
  question_length = at + 5 - (question + 2);
  question[0] = question_length >> 8;
  question[1] = question_length;
}

static int is_tcp;
static int dial(void) {
  int fd = socket(AF_INET, is_tcp ? SOCK_STREAM : SOCK_DGRAM, 0), on = 1;
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(53)};
  struct timeval patience = {.tv_sec = 1};
  inet_pton(AF_INET, "127.0.0.11", &server.sin_addr);
  if (fd < 0 || connect(fd, (void *)&server, sizeof server)) die("connect");
  if (is_tcp) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience)) die("setsockopt");
  return fd;
}

static int receive(int fd, unsigned char *answer, int room) {
  if (!is_tcp) return recv(fd, answer, room, 0);
  unsigned char length[2];
  if (recv(fd, length, 2, MSG_WAITALL) != 2) return -1;
  int wanted = length[0] << 8 | length[1];
  return recv(fd, answer, wanted, MSG_WAITALL);
}

// How many answers it has; -1 where nobody answers.
static int ask(int fd, int id) {
  unsigned char answer[65536];
  question[2] = id >> 8;
  question[3] = id;
  int skipped = is_tcp ? 0 : 2;
  if (send(fd, question + skipped, question_length + 2 - skipped, 0) < 0) die("send");
  for (;;) {
    int length = receive(fd, answer, sizeof answer);
    if (length < 0) return -1;
    // That of a question which was given up.
    if (length < 12 || answer[0] != question[2] || answer[1] != question[3]) continue;
    return answer[6] << 8 | answer[7];
  }
}

static volatile sig_atomic_t has_ended;
static void end(int signal) { (void)signal; has_ended = 1; }

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void time_answers(int fd, int count) {
  float *times = malloc(sizeof *times * count);
  int asked = 0, lost = 0;
  double first = microseconds(), before = first;
  while (asked < count) {
    int addresses = ask(fd, asked & 0xffff);
    if (has_ended) break;
    if (addresses <= 0) lost++;
    double now = microseconds();
    times[asked++] = now - before;
    before = now;
  }
  if (asked == 0) { fputs("nothing was asked\n", stderr); exit(1); }
  qsort(times, asked, sizeof *times, ascending);
  printf("{\"asked\":%d,\"lost\":%d,\"rate\":%.1f,\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}\n", asked, lost,
         asked / (before - first) * 1e6, times[asked / 2], times[(int)(asked * 0.99)], times[asked - 1]);
}

static void tell_changes(int fd) {
  for (int id = 0, before = -1;; id++) {
    int has = ask(fd, id & 0xffff) > 0;
    if (has == before) continue;
    printf("%d %.4f\n", has, microseconds() / 1e3);
    fflush(stdout);
    before = has;
  }
}

int main(int argc, char **argv) {
  if (argc < 3) { fputs("usage: see the head of ask.c\n", stderr); return 2; }
  make_question(argv[1]);
  is_tcp = !strcmp(argv[2], "tcp");
  int fd = dial();
  if (!strcmp(argv[2], "changes")) tell_changes(fd);
  signal(SIGTERM, end);
  time_answers(fd, argc > 3 ? atoi(argv[3]) : 1 << 24);
}
