/* Takes webhooks on loopback and says when each came.
 *
 * First line on standard output: the port. Then, unless --quiet, one line for every request:
 * "<CLOCK_MONOTONIC in ns, taken when its last byte was read> <the token in its body, or ->".
 * A token is the text given by --token and the digits after it; each in the body has its line. On SIGTERM: one JSON object.
 * Answers every request with 200 and no body. With --quiet it is also the ceiling for load.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 256
#define MAX_REQUEST (64u << 20)

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

struct client {
    int fd;
    char *bytes;
    size_t length, room;
};

static const char *token = "BenchProbe";
static bool quiet, shown;
static int epoll;
static uint64_t requests, bodies;
static volatile sig_atomic_t stop;

static void die(const char *what) {
    fprintf(stderr, "receiver: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void on_signal(int number) {
    (void)number;
    stop = 1;
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static int listen_on_any_port(void) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, size) < 0 || listen(fd, 4096) < 0) die("listen");
    if (getsockname(fd, (struct sockaddr *)&here, &size) < 0) die("getsockname");
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    return fd;
}

static void welcome(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct client *c = calloc(1, sizeof *c);
        if (!c) die("out of memory");
        c->fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
    }
}

static void goodbye(struct client *c) {
    close(c->fd);
    free(c->bytes);
    free(c);
}

/* The length of the first whole request in the buffer, 0 if it is not whole yet. */
static size_t whole_request(struct client *c, char **body) {
    char *end = strstr(c->bytes, "\r\n\r\n");
    if (!end) return 0;
    size_t expected = 0;
    bool chunked = false;
    for (char *line = strstr(c->bytes, "\r\n"); line && line < end; line = strstr(line, "\r\n")) {
        line += 2;
        if (!strncasecmp(line, "content-length:", 15)) expected = strtoul(line + 15, NULL, 10);
        if (!strncasecmp(line, "transfer-encoding: chunked", 26)) chunked = true;
    }
    *body = end + 4;
    if (chunked) {
        char *last = strstr(end + 2, "\r\n0\r\n\r\n");
        return last ? (size_t)(last + 7 - c->bytes) : 0;
    }
    size_t whole = (size_t)(*body - c->bytes) + expected;
    return c->length >= whole ? whole : 0;
}

/* One line for each token in the body: one message may speak of many things, of each several times. */
static void report(char *body, size_t length) {
    uint64_t t = now();
    requests++;
    bodies += length;
    if (quiet) return;
    size_t fixed = strlen(token), size = 0;
    char *end = body + length, *said = NULL;
    for (char *at = body, *found; (found = memmem(at, (size_t)(end - at), token, fixed)); at = found + size) {
        size_t before = size;
        size = fixed + strspn(found + fixed, "0123456789");
        if (!said || size != before || memcmp(said, found, size)) printf("%lu %.*s\n", t, (int)size, found);
        said = found;
    }
    if (!said) {
        printf("%lu -\n", t);
        if (!shown)
            shown = fprintf(stderr, "receiver: no %s in: %.*s\n", token, (int)(length < 600 ? length : 600), body);
    }
    fflush(stdout);
}

static bool answer_all(struct client *c) {
    char *body;
    for (size_t used; c->length && (used = whole_request(c, &body)); ) {
        report(body, (size_t)(c->bytes + used - body));
        if (send(c->fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0) return false;
        c->length -= used;
        memmove(c->bytes, c->bytes + used, c->length + 1);
    }
    return true;
}

static void serve(struct client *c) {
    if (c->room - c->length < 65536) {
        c->room = c->room ? c->room * 2 : 131072;
        c->bytes = c->room > MAX_REQUEST ? NULL : realloc(c->bytes, c->room);
        if (!c->bytes) die("a request is too large");
    }
    ssize_t n = recv(c->fd, c->bytes + c->length, c->room - c->length - 1, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n > 0) {
        c->length += (size_t)n;
        c->bytes[c->length] = 0;
        if (answer_all(c)) return;
    }
    goodbye(c);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--quiet"))
            quiet = true;
        else if (!strcmp(argv[i], "--token") && i + 1 < argc)
            token = argv[++i];
        else {
            fputs("receiver [--quiet] [--token TEXT]\n", stderr);
            return 2;
        }
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on_any_port();
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[MAX_EVENTS];
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) die("epoll_ctl");
    while (!stop) {
        int n = epoll_wait(epoll, events, MAX_EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr);
            else
                welcome(listener);
        }
    }
    printf("{\"requests\": %lu, \"bytes\": %lu}\n", requests, bodies);
    return 0;
}
