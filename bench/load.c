/* Load for one alert server: one thread, epoll, HTTP/1.1 keep-alive, one request in flight a connection.
 *
 * Every request is a JSON array for POST /api/v2/alerts. Requests are patched, not built: all numbers
 * in them have a fixed width, so that nothing but digits changes from one request to the next.
 * Prints one JSON object. Exit: 0 measured, 1 the server could not be reached or stopped answering.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define DIGITS 9
#define MAX_CONNECTIONS 1024
#define BUFFER 16384
#define SECOND 1000000000ull

/* "#########" becomes the counter of the alert, "@@@@@@@@@" the number of its group. */
static const char ALERT[] =
    "{\"labels\":{\"alertname\":\"BenchAlert@@@@@@@@@\",\"cluster\":\"eu-central-1\","
    "\"environment\":\"production\",\"instance\":\"node-#########.bench.example.net:9100\","
    "\"job\":\"node\",\"service\":\"bench-@@@@@@@@@\",\"severity\":\"critical\",\"team\":\"payments\"},"
    "\"annotations\":{\"summary\":\"Error rate above 5 percent on node-#########\","
    "\"description\":\"More than 5 percent of the requests have failed for ten minutes.\","
    "\"runbook_url\":\"https://runbooks.example.net/payments/error-rate\"},"
    "\"startsAt\":\"%s\",\"endsAt\":\"%s\","
    "\"generatorURL\":\"http://prometheus.example.net/graph?g0.expr=rate%%28errors%%5B5m%%5D%%29\"}";

struct options {
    const char *host, *path, *authorization, *starts_at, *ends_at;
    int port, connections, batch;
    long groups; /* 0: every alert has a group of its own */
    uint64_t first, count, cycle;
    double warmup, seconds, drain;
};

struct connection {
    int fd;
    char *request;
    size_t sent, received;
    long body_left; /* of the answer; -1: head not complete, -2: chunked */
    int status;
    bool busy, close_after;
    uint64_t sent_at;
    char answer[BUFFER];
};

static struct options opt = {
    .host = "127.0.0.1", .path = "/api/v2/alerts", .port = 9093, .connections = 8, .batch = 64,
    .groups = 100, .seconds = 5, .drain = 30,
    .starts_at = "2026-11-21T09:00:00.000Z", .ends_at = "2036-11-21T09:00:00.000Z",
};
static struct connection *connections[MAX_CONNECTIONS];
static int epoll, busy_connections;
static char *alert;
static size_t alert_length, request_length, first_alert_at;
static size_t counter_places[8], group_places[8];
static int counters_in_alert, groups_in_alert;
static uint64_t next_alert, issued, requests, unanswered, reconnects;
static uint64_t accepted, accepted_in_window, window_from, window_to, last_answer_at;
static uint64_t answers[1000];
static uint32_t *latencies;
static size_t latency_count, latency_room;

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "no reason given");
    exit(1);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void *need(void *memory) {
    if (!memory) die("out of memory");
    return memory;
}

/* ------------------------------------------------------------------ requests */

static void put_digits(char *at, uint64_t value) {
    for (int i = DIGITS - 1; i >= 0; i--, value /= 10) at[i] = (char)('0' + value % 10);
}

static int find_places(const char *text, char mark, size_t *places) {
    int found = 0;
    for (size_t i = 0; text[i]; i++) {
        if (text[i] != mark) continue;
        places[found++] = i;
        i += DIGITS - 1;
    }
    return found;
}

static void prepare_alert(void) {
    if (asprintf(&alert, ALERT, opt.starts_at, opt.ends_at) < 0) die("out of memory");
    alert_length = strlen(alert);
    counters_in_alert = find_places(alert, '#', counter_places);
    groups_in_alert = find_places(alert, '@', group_places);
}

static char *new_request(void) {
    size_t body = 2 + (size_t)opt.batch * (alert_length + 1) - 1;
    char *request = need(malloc(body + 4096));
    int head = snprintf(request, 4096,
                        "POST %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: tocsin-bench\r\n%s%s%s"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                        opt.path, opt.host, opt.port, opt.authorization ? "Authorization: " : "",
                        opt.authorization ? opt.authorization : "", opt.authorization ? "\r\n" : "", body);
    if (head >= 4096) die("the request head is too long");
    char *at = request + head;
    *at++ = '[';
    first_alert_at = (size_t)(at - request);
    for (int i = 0; i < opt.batch; i++) {
        memcpy(at, alert, alert_length);
        at += alert_length;
        *at++ = i + 1 < opt.batch ? ',' : ']';
    }
    request_length = (size_t)(at - request);
    return request;
}

static void fill_request(char *request) {
    char *at = request + first_alert_at;
    for (int i = 0; i < opt.batch; i++, at += alert_length + 1, next_alert++) {
        uint64_t number = opt.first + (opt.cycle ? next_alert % opt.cycle : next_alert);
        uint64_t group = opt.groups ? number % (uint64_t)opt.groups : number;
        for (int j = 0; j < counters_in_alert; j++) put_digits(at + counter_places[j], number);
        for (int j = 0; j < groups_in_alert; j++) put_digits(at + group_places[j], group);
    }
}

/* ------------------------------------------------------------------ connections */

static void watch(struct connection *c, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll, operation, c->fd, &event) < 0) die("epoll_ctl");
}

static void open_connection(struct connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    if (inet_pton(AF_INET, opt.host, &to.sin_addr) != 1) die("--host must be an IPv4 address");
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0) die("cannot connect");
    int yes = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch(c, EPOLLIN, EPOLL_CTL_ADD);
}

static void reopen(struct connection *c) {
    close(c->fd);
    reconnects++;
    open_connection(c);
}

static void set_idle(struct connection *c) {
    c->busy = false;
    busy_connections--;
}

static void push(struct connection *c) {
    while (c->sent < request_length) {
        ssize_t n = send(c->fd, c->request + c->sent, request_length - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            return;
        }
        if (n < 0) return; /* the reading side sees the broken connection */
        c->sent += (size_t)n;
    }
}

static void send_next(struct connection *c) {
    uint64_t t = now();
    bool over = opt.count ? issued >= opt.count : t >= window_to;
    if (over) return;
    fill_request(c->request);
    issued += (uint64_t)opt.batch;
    requests++;
    c->sent = c->received = 0;
    c->body_left = -1;
    c->busy = true;
    busy_connections++;
    c->sent_at = t;
    push(c);
}

/* ------------------------------------------------------------------ answers */

static void keep_latency(uint64_t nanoseconds) {
    if (latency_count == latency_room) {
        latency_room = latency_room ? latency_room * 2 : 1 << 16;
        latencies = need(realloc(latencies, latency_room * sizeof *latencies));
    }
    latencies[latency_count++] = (uint32_t)(nanoseconds / 1000);
}

static void count_answer(struct connection *c) {
    uint64_t t = now();
    last_answer_at = t;
    answers[c->status]++;
    if (c->status / 100 == 2) {
        accepted += (uint64_t)opt.batch;
        if (t >= window_from && t <= window_to) accepted_in_window += (uint64_t)opt.batch;
        if (c->sent_at >= window_from) keep_latency(t - c->sent_at);
    } else if (answers[c->status] == 1) {
        fprintf(stderr, "load: the first answer %d: %.400s\n", c->status, c->answer);
    }
}

static void read_head(struct connection *c, const char *end) {
    c->status = 0;
    if (sscanf(c->answer, "HTTP/1.%*d %d", &c->status) != 1 || c->status < 100 || c->status > 999)
        die("this does not speak HTTP");
    c->body_left = 0;
    c->close_after = false;
    for (const char *line = strstr(c->answer, "\r\n"); line && line < end; line = strstr(line, "\r\n")) {
        line += 2;
        if (!strncasecmp(line, "content-length:", 15)) c->body_left = atol(line + 15);
        if (!strncasecmp(line, "transfer-encoding: chunked", 26)) c->body_left = -2;
        if (!strncasecmp(line, "connection: close", 17)) c->close_after = true;
    }
}

/* True once the whole answer is there. A long body is dropped as it comes. */
static bool take(struct connection *c, size_t fresh) {
    c->received += fresh;
    c->answer[c->received] = 0;
    if (c->body_left == -1) {
        char *end = strstr(c->answer, "\r\n\r\n");
        if (!end) {
            if (c->received > BUFFER / 2) die("the head of an answer is too long");
            return false;
        }
        read_head(c, end);
        if (c->body_left >= 0) c->body_left -= (long)(c->received - (size_t)(end + 4 - c->answer));
    } else if (c->body_left > 0) {
        c->body_left -= (long)fresh;
    }
    bool whole = c->body_left == -2
                     ? c->received >= 5 && !memcmp(c->answer + c->received - 5, "0\r\n\r\n", 5)
                     : c->body_left <= 0;
    if (!whole && c->received > BUFFER / 2) {
        memmove(c->answer, c->answer + c->received - 8, 8);
        c->received = 8;
    }
    return whole;
}

static void lost(struct connection *c) {
    if (c->busy) {
        unanswered++;
        set_idle(c);
    }
    reopen(c);
    send_next(c);
}

static void on_event(struct connection *c, uint32_t events) {
    if (events & EPOLLOUT) {
        watch(c, EPOLLIN, EPOLL_CTL_MOD);
        push(c);
    }
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    ssize_t n = recv(c->fd, c->answer + c->received, BUFFER - 1 - c->received, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        lost(c);
        return;
    }
    if (!c->busy || !take(c, (size_t)n)) return;
    count_answer(c);
    set_idle(c);
    if (c->close_after) reopen(c);
    send_next(c);
}

/* ------------------------------------------------------------------ the run */

static void run(void) {
    uint64_t began = now();
    window_from = began + (uint64_t)(opt.warmup * SECOND);
    window_to = opt.count ? UINT64_MAX : window_from + (uint64_t)(opt.seconds * SECOND);
    last_answer_at = began;
    for (int i = 0; i < opt.connections; i++) send_next(connections[i]);
    struct epoll_event events[MAX_CONNECTIONS];
    while (busy_connections) {
        int n = epoll_wait(epoll, events, MAX_CONNECTIONS, 100);
        if (n < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < n; i++) on_event(events[i].data.ptr, events[i].events);
        uint64_t latest = opt.count ? last_answer_at : window_to;
        if (n <= 0 && now() > latest + (uint64_t)(opt.drain * SECOND)) break;
    }
    for (int i = 0; i < opt.connections; i++)
        if (connections[i]->busy) unanswered++;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t percentile(double share) {
    if (!latency_count) return 0;
    size_t rank = (size_t)(share * (double)latency_count + 0.999999);
    return latencies[rank ? rank - 1 : 0];
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void print_result(uint64_t began, double cpu) {
    qsort(latencies, latency_count, sizeof *latencies, by_size);
    double wall = (double)(last_answer_at - began) / SECOND;
    double window = opt.count ? (double)(last_answer_at - window_from) / SECOND : opt.seconds;
    printf("{\"requests\": %lu, \"accepted\": %lu, \"unanswered\": %lu, \"reconnects\": %lu, \"refused\": {",
           requests, accepted, unanswered, reconnects);
    const char *comma = "";
    for (int i = 0; i < 1000; i++) {
        if (!answers[i] || i / 100 == 2) continue;
        printf("%s\"%d\": %lu", comma, i, answers[i]);
        comma = ", ";
    }
    printf("}, \"seconds\": %.3f, \"rate\": %.1f, \"bytes_per_alert\": %zu, ", window,
           window > 0 ? (double)accepted_in_window / window : 0.0, alert_length);
    printf("\"latency_us\": {\"p50\": %u, \"p90\": %u, \"p99\": %u, \"p999\": %u, \"max\": %u}, ",
           percentile(0.5), percentile(0.9), percentile(0.99), percentile(0.999), percentile(1));
    printf("\"generator\": {\"cpu_seconds\": %.3f, \"cpu_share\": %.3f}}\n", cpu, wall > 0 ? cpu / wall : 0.0);
}

/* ------------------------------------------------------------------ options */

static const struct option LONG[] = {
    {"host", 1, 0, 'h'},    {"port", 1, 0, 'p'},    {"path", 1, 0, 'P'},      {"connections", 1, 0, 'c'},
    {"batch", 1, 0, 'b'},   {"groups", 1, 0, 'g'},  {"first", 1, 0, 'f'},     {"count", 1, 0, 'n'},
    {"cycle", 1, 0, 'y'},   {"warmup", 1, 0, 'w'},  {"seconds", 1, 0, 's'},   {"drain", 1, 0, 'd'},
    {"authorization", 1, 0, 'a'}, {"starts-at", 1, 0, 'S'}, {"ends-at", 1, 0, 'E'}, {0, 0, 0, 0},
};

static void usage(void) {
    fputs("load [--host IPv4] --port N [--path P] [--connections N] [--batch N]\n"
          "     [--groups N: 0 = a group for every alert] [--first N] [--cycle N: repeat after N alerts]\n"
          "     [--count ALERTS | --seconds S [--warmup S]] [--drain S] [--authorization 'Bearer KEY']\n"
          "     [--starts-at TIME] [--ends-at TIME]\n", stderr);
    exit(2);
}

static void set_option(int letter, char *value) {
    switch (letter) {
    case 'h': opt.host = value; break;
    case 'p': opt.port = atoi(value); break;
    case 'P': opt.path = value; break;
    case 'c': opt.connections = atoi(value); break;
    case 'b': opt.batch = atoi(value); break;
    case 'g': opt.groups = atol(value); break;
    case 'f': opt.first = strtoull(value, NULL, 10); break;
    case 'n': opt.count = strtoull(value, NULL, 10); break;
    case 'y': opt.cycle = strtoull(value, NULL, 10); break;
    case 'w': opt.warmup = atof(value); break;
    case 's': opt.seconds = atof(value); break;
    case 'd': opt.drain = atof(value); break;
    case 'a': opt.authorization = value; break;
    case 'S': opt.starts_at = value; break;
    case 'E': opt.ends_at = value; break;
    default: usage();
    }
}

int main(int argc, char **argv) {
    for (int letter; (letter = getopt_long(argc, argv, "", LONG, NULL)) != -1;) set_option(letter, optarg);
    if (optind < argc || opt.port < 1 || opt.port > 65535 || opt.connections < 1 ||
        opt.connections > MAX_CONNECTIONS || opt.batch < 1 || opt.groups < 0)
        usage();
    if (opt.count) opt.warmup = 0;
    prepare_alert();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < opt.connections; i++) {
        connections[i] = need(calloc(1, sizeof **connections));
        connections[i]->request = new_request();
        open_connection(connections[i]);
    }
    uint64_t began = now();
    double before = cpu_seconds();
    run();
    print_result(began, cpu_seconds() - before);
    return unanswered ? 1 : 0;
}
