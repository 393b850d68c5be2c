/* Clients of a chat server. They connect, come into rooms, talk, and check that every line comes to every receiver once
 * and in its talker's order; what they measured is written to standard output as one JSON object.
 *
 *     load port=12345 dialect=text rooms=1 members=1000 talkers=20 size=64 window=16 seconds=5
 *
 * A text says who sent it, its number among that talker's texts, and when it was sent, so that a receiver knows for each
 * line whether it is the one that is due and how long it took. A talker has `window` texts under way: a text has arrived
 * when half of its receivers have it. With `rate`, texts are sent at fixed times instead, and count from the time at
 * which they were due. In the end all stop talking, and everybody must receive whatever was sent. The dialect `web` is
 * JSON by WebSockets.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/ssl.h>
#endif

enum { HEADER = 25, RING = 1024, EVENTS = 128, CHUNK = 1 << 18, LONGEST = 1 << 22 };
enum dialect { TEXT, JSON, IRC };
enum state { CONNECTING, CONNECTED, ANSWERED, IN };

static const int64_t SECOND = 1000000000;

/* -- settings, all by key=value */

static char *dialect_name = "text", *host = "127.0.0.1", *password = "";
static long port, rooms = 1, members = 100, talkers = 8, size = 64, window = 16, ramp = 8, stuck, list, pid, tls;
static double seconds = 5, warmup = 1, rate, idle, patience = 20;
static enum dialect dialect;
static bool web;

static struct { const char *key; long *number; double *real; char **word; } settings[] = {
    {"port", &port}, {"rooms", &rooms}, {"members", &members}, {"talkers", &talkers}, {"size", &size},
    {"window", &window}, {"ramp", &ramp}, {"stuck", &stuck}, {"list", &list}, {"pid", &pid}, {"tls", &tls},
    {"seconds", .real = &seconds}, {"warmup", .real = &warmup}, {"rate", .real = &rate}, {"idle", .real = &idle},
    {"patience", .real = &patience}, {"dialect", .word = &dialect_name}, {"host", .word = &host},
    {"password", .word = &password},
};

/* -- clients */

struct client {
    int fd;
    int room;
    int talker;         /* its number among the talkers of its room, or -1 */
    enum state state;
    bool stuck;
    bool writing;       /* waits until the socket takes more */
    bool dirty;         /* is in `ready` */
    long known;         /* members of the room that it has been told of */
    long listed;        /* names in the list that it is reading */
    uint32_t *due;      /* the number of the next text from each talker of its room */
    char *rest;         /* the beginning of a line */
    size_t rest_size;
    char *out;          /* what the socket did not take */
    size_t out_size;
    uint32_t sent, arrived;
    uint16_t *heard;    /* how many have received each of its last texts */
#ifdef TLS
    SSL *ssl;
#endif
};

static struct client *clients;
static long count, quorum, receivers;       /* clients; receivers of a text, and half of them */
static long opened, answered, in, complete; /* clients that have got so far */
static int epoll;
static int64_t begin, now;
static struct client **ready;               /* talkers whose window has opened */
static long ready_count;
static bool talking, measuring;
static int64_t deliveries, sent, notices, measured;
static uint64_t histogram[64 * 32];

static int64_t clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
    char why[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    for (char *c = why; *c; c++)
        if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ') *c = '\'';
    printf("{\"failed\": \"%s\"}\n", why);
    exit(1);
}

static void *reserve(size_t items, size_t each) {
    void *memory = calloc(items, each);
    if (!memory) fail("no memory");
    return memory;
}

static int id_of(const struct client *c) { return c - clients; }

/* -- the server's process */

static int64_t cpu_time(void) {
    char path[64], name[400];
    int64_t total = 0;
    if (!pid) return 0;
    snprintf(path, sizeof path, "/proc/%ld/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        long long spent;
        if (task->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s/schedstat", path, task->d_name);
        FILE *file = fopen(name, "r");
        if (!file) continue;
        if (fscanf(file, "%lld", &spent) == 1) total += spent;
        fclose(file);
    }
    if (tasks) closedir(tasks);
    return total;
}

static long memory_kb(const char *what) {
    char path[64], line[200];
    long value = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    FILE *file = pid ? fopen(path, "r") : NULL;
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, what, strlen(what))) value = atol(line + strlen(what) + 1);
    if (file) fclose(file);
    return value;
}

/* -- latency: 32 steps for each doubling */

static void note_latency(int64_t t) {
    if (t < 0) t = 0;
    int high = t < 32 ? 0 : 58 - __builtin_clzll(t);
    histogram[t < 32 ? t : (high + 1) * 32 + ((t >> high) & 31)]++;
}

static double latency_us(double share) {
    int64_t wanted = measured * share, seen = 0;
    for (int i = 0; i < 64 * 32; i++)
        if ((seen += histogram[i]) > wanted) {
            int high = i / 32 - 1;
            return (i < 32 ? i : (32.0 + i % 32 + 0.5) * (1ll << high)) / 1000;
        }
    return 0;
}

/* -- the socket: send and recv, or the same over TLS */

static ssize_t give(struct client *c, const char *data, size_t length) {
#ifdef TLS
    if (c->ssl) {
        int n = SSL_write(c->ssl, data, length);
        if (n <= 0) errno = SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ || SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
        return n <= 0 ? -1 : n;
    }
#endif
    return send(c->fd, data, length, MSG_NOSIGNAL);
}

static ssize_t take(struct client *c, char *data, size_t length) {
#ifdef TLS
    if (c->ssl) {
        size_t taken = 0;
        int n;
        /* epoll does not report what OpenSSL has decrypted already. */
        while (length - taken && (n = SSL_read(c->ssl, data + taken, length - taken)) > 0) taken += n;
        if (taken) return taken;
        errno = EAGAIN;
        return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? -1 : 0;
    }
#endif
    return recv(c->fd, data, length, 0);
}

static bool has_more(const struct client *c) {
#ifdef TLS
    return c->ssl && SSL_has_pending(c->ssl) && SSL_pending(c->ssl);
#else
    (void)c;
    return false;
#endif
}

static void secure(struct client *c) {
#ifdef TLS
    static SSL_CTX *context;
    if (!context) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_read_ahead(context, 1);
    }
    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_connect_state(c->ssl);
    SSL_do_handshake(c->ssl);
#else
    fail("client %d can't speak TLS: compiled without OpenSSL", id_of(c));
#endif
}

/* -- sending */

static void want(struct client *c, bool writing) {
    struct epoll_event e = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};
    c->writing = writing;
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void push(struct client *c, const char *data, size_t length) {
    ssize_t n = 0;
    if (!c->out_size) n = give(c, data, length);
    if (n < 0 && errno != EAGAIN) fail("client %d can't send: %s", id_of(c), strerror(errno));
    if (n < 0) n = 0;
    if ((size_t)n == length) return;
    c->out = realloc(c->out, c->out_size + length - n);
    memcpy(c->out + c->out_size, data + n, length - n);
    c->out_size += length - n;
    if (!c->writing) want(c, true);
}

static void drain(struct client *c) {
    ssize_t n = c->out_size ? give(c, c->out, c->out_size) : 0;
    if (n > 0) memmove(c->out, c->out + n, c->out_size -= n);
    if (!c->out_size) want(c, false);
}

static void room_name(const struct client *c, char *name) {
    if (rooms == 1) strcpy(name, "lobby");
    else sprintf(name, "r%d", c->room);
}

/* 32 bits as eight letters, the least significant first, and back. */
static void spell(uint32_t value, char *letters) {
    for (int i = 0; i < 8; i++) letters[i] = 'a' + (value >> 4 * i & 15);
}

static uint32_t unspell(const char *letters) {
    uint64_t x;
    memcpy(&x, letters, 8);
    x -= 0x6161616161616161;
    x = (x | x >> 4) & 0x00ff00ff00ff00ff;
    x = (x | x >> 8) & 0x0000ffff0000ffff;
    return x | x >> 16;
}

/* Put a line into a frame if the server wants that. The mask is of zeros, which leave what they mask as it is. */
static int put(char *to, const char *line, int length) {
    int head = 0;
    if (web) {
        to[head++] = (char)0x81;
        to[head++] = (char)(0x80 | (length < 126 ? length : 126));
        if (length >= 126) to[head++] = (char)(length >> 8), to[head++] = (char)length;
        memset(to + head, 0, 4);
        head += 4;
    }
    memcpy(to + head, line, length);
    return head + length;
}

/* Write one text as a line of the dialect; return its length. */
static int write_line(struct client *c, int64_t time, char *line) {
    char room[16], text[4096];
    uint64_t since = time - begin;
    text[0] = '=';
    spell(id_of(c) << 16 | since >> 32, text + 1);
    spell(c->sent, text + 9);
    spell(since, text + 17);
    memset(text + HEADER, 'x', size - HEADER);
    text[size] = 0;
    room_name(c, room);
    switch (dialect) {
    case IRC: return sprintf(line, "PRIVMSG #%s :%s\r\n", room, text);
    case JSON: return sprintf(line, "{\"type\":\"say\",\"room\":\"%s\",\"text\":\"%s\",\"tag\":\"t%07u\"}\n", room, text, c->sent);
    default: return sprintf(line, "%s\n", text);
    }
}

static void say(struct client *c, int texts, int64_t time) {
    static char lines[1 << 20], line[8192];
    int length = 0;
    for (int i = 0; i < texts; i++) {
        length += put(lines + length, line, write_line(c, time, line));
        if (c->heard) c->heard[c->sent % RING] = 0;
        c->sent++;
    }
    sent += texts;
    push(c, lines, length);
}

static void come_in(struct client *c) {
    char line[200], framed[220], room[16];
    int length;
    room_name(c, room);
    if (dialect == IRC) length = sprintf(line, "JOIN #%s\r\n", room);
    else if (dialect == JSON)
        length = sprintf(line, "{\"type\":\"hello\",\"name\":\"u%05d\",\"rooms\":{\"%s\":null}}\n", id_of(c), room);
    else {
        length = sprintf(line, "u%05d\n", id_of(c));
        if (rooms > 1) length += sprintf(line + length, "/join %s\n", room);
        if (list) length += sprintf(line + length, "/who\n");
    }
    push(c, framed, put(framed, line, length));
}

static void introduce(struct client *c) {
    char line[200];
    int length = 0;
    c->state = CONNECTED;
    if (tls) secure(c);
    if (web) {
        static const char handshake[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        push(c, handshake, sizeof handshake - 1);
    }
    if (dialect != IRC) return;
    if (*password) length = sprintf(line, "PASS %s\r\n", password);
    length += sprintf(line + length, "NICK u%05d\r\nUSER u%05d 0 * :u\r\n", id_of(c), id_of(c));
    push(c, line, length);
}

/* -- receiving */

static void hear(struct client *c, const char *text) {
    uint32_t head = unspell(text + 1), from = head >> 16, number = unspell(text + 9);
    if (from >= count || clients[from].room != c->room || clients[from].talker < 0)
        fail("client %d received a text of %u, who does not talk in its room", id_of(c), from);
    struct client *talker = &clients[from];
    uint32_t *due = &c->due[talker->talker];
    if (number < *due) fail("client %d received text %u of client %u twice", id_of(c), number, from);
    if (number > *due) fail("client %d did not receive text %u of client %u", id_of(c), *due, from);
    (*due)++;
    deliveries++;
    if (measuring) {
        note_latency(now - begin - ((int64_t)(head & 0xffff) << 32 | unspell(text + 17)));
        measured++;
    }
    if (talker->heard && ++talker->heard[number % RING] == quorum) {
        talker->arrived = number + 1;
        if (!talker->dirty) {
            talker->dirty = true;
            ready[ready_count++] = talker;
        }
    }
}

static bool holds(const char *line, size_t length, const char *what) { return memmem(line, length, what, strlen(what)); }

static long occurrences(const char *line, size_t length, const char *what) {
    long n = 0;
    for (const char *at = line; (at = memmem(at, line + length - at, what, strlen(what))); at += strlen(what)) n++;
    return n;
}

static void answer(struct client *c) {
    if (c->state >= ANSWERED) return;
    c->state = ANSWERED;
    answered++;
}

static void is_in(struct client *c) {
    if (c->state == IN) return;
    c->state = IN;
    in++;
}

static void know(struct client *c, long more) {
    c->known += more;
    if (c->known == members) complete++;
    if (c->known > members) fail("client %d was told of %ld members of a room of %ld", id_of(c), c->known, members);
}

static void read_text_notice(struct client *c, const char *line, size_t length) {
    char here[32];
    const char *with;
    room_name(c, here + 1);
    here[0] = '#';
    if (line[0] == '!' || holds(line, length, "* You missed") || holds(line, length, "* Goodbye"))
        fail("client %d was told: %.*s", id_of(c), (int)length, line);
    if (c->state == CONNECTED) answer(c);
    else if (length > 10 && !memcmp(line, "* You are ", 10)) {
        if (!holds(line, length, here)) return;
        long others = 0;
        if ((with = memmem(line, length, " with ", 6))) {
            size_t words = strcspn(with, ".\n");
            others = with[6] >= '0' && with[6] <= '9' ? atol(with + 6)
                   : 1 + occurrences(with, words, ", ") + occurrences(with, words, " and ");
        }
        c->known = 0;
        know(c, 1 + others);
        if (!list) is_in(c);
    } else if (length > 9 && line[0] == '*' && !memcmp(line + length - 8, " joined.", 8)) {
        notices++;
        if (c->known) know(c, 1);
    } else if (list && length > 5 && !memcmp(line, "* In #", 6)) {
        c->listed += occurrences(line, length, ", ") + 1;
        if (c->listed == c->known) is_in(c);
    }
}

static void read_json_notice(struct client *c, const char *line, size_t length) {
    const char *users = memmem(line, length, "\"users\":[", 9);
    if (c->state == CONNECTED) answer(c);
    else if (holds(line, length, "\"type\":\"room\"") && users) {
        const char *end = memchr(users, ']', line + length - users);
        know(c, occurrences(users, end - users, ",") + 1);
        is_in(c);
    } else if (holds(line, length, "\"type\":\"joined\"")) {
        notices++;
        know(c, 1);
    } else if (!holds(line, length, "\"type\":\"welcome\""))
        fail("client %d was told: %.*s", id_of(c), (int)length, line);
}

static void read_irc_notice(struct client *c, const char *line, size_t length) {
    char buffer[600], own[16];
    const char *word = memchr(line, ' ', length), *names;
    sprintf(own, ":u%05d!", id_of(c));
    if (length > 600 || !word || line + length - word < 6) return;
    if (!memcmp(line, "PING ", 5)) push(c, buffer, sprintf(buffer, "PONG %.*s\r\n", (int)(length - 5), line + 5));
    else if (!memcmp(word, " 001 ", 5)) answer(c);
    else if (!memcmp(word, " 353 ", 5) && (names = memmem(line, length, " :", 2)))
        for (names++; names + 1 < line + length; names++) c->listed += strchr(" :", *names) && names[1] != ' ';
    else if (!memcmp(word, " 366 ", 5)) {
        know(c, c->listed);
        is_in(c);
    } else if (!memcmp(word, " JOIN ", 6) && memcmp(line, own, 7)) {
        notices++;
        know(c, 1);
    } else if (word[1] == '4' || word[1] == '5' || !memcmp(line, "ERROR", 5))
        if (memcmp(word, " 422 ", 5)) fail("client %d was told: %.*s", id_of(c), (int)length, line);
}

static void read_line(struct client *c, const char *line, size_t length) {
    static const size_t tails[] = {[TEXT] = 0, [IRC] = 0, [JSON] = sizeof "\",\"tag\":\"t0000000\"}" - 1};
    static const char *before[] = {[TEXT] = ": =", [IRC] = " :=", [JSON] = ":\"="};
    if (length && line[length - 1] == '\r') length--;
    const char *text = line + length - tails[dialect] - size;
    if (length > size + tails[dialect] + 2 && !memcmp(text - 2, before[dialect], 3)) {
        hear(c, text);
        return;
    }
    if (dialect == TEXT) read_text_notice(c, line, length);
    else if (dialect == JSON) read_json_notice(c, line, length);
    else read_irc_notice(c, line, length);
}

/* Read the answer to the handshake, or a frame; return where what follows begins, or NULL if not all is there. */
static char *read_frame(struct client *c, char *at, size_t left) {
    if (c->state == CONNECTED) {
        char *end = memmem(at, left, "\r\n\r\n", 4);
        if (!end) return NULL;
        if (memcmp(at, "HTTP/1.1 101 ", 13)) fail("client %d was told: %.*s", id_of(c), (int)(end - at), at);
        answer(c);
        return end + 4;
    }
    if (left < 4) return NULL;
    unsigned char *head = (unsigned char *)at;
    size_t length = head[1], before = length < 126 ? 2 : 4;
    if (head[0] != 0x81 || length > 126) fail("client %d received a frame that begins with %02x %02x", id_of(c), head[0], head[1]);
    if (length == 126) length = head[2] << 8 | head[3];
    if (left < before + length) return NULL;
    read_line(c, at + before, length);
    return at + before + length;
}

static void receive(struct client *c) {
    static char buffer[LONGEST + CHUNK];
    size_t kept = c->rest_size;
    if (kept) memcpy(buffer, c->rest, kept);
    ssize_t n = take(c, buffer + kept, CHUNK);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) fail("the server closed the connection of client %d", id_of(c));
    now = clock_now();
    char *line = buffer, *end = buffer + kept + n, *newline, *from = buffer + kept;
    while (web && (newline = read_frame(c, line, end - line))) line = newline;
    while (!web && (newline = memchr(from, '\n', end - from))) {
        read_line(c, line, newline - line);
        from = line = newline + 1;
    }
    size_t rest = end - line;
    if (rest >= LONGEST) fail("client %d received a line without an end", id_of(c));
    if (rest > c->rest_size || (c->rest && !rest)) {
        free(c->rest);
        c->rest = rest ? reserve(rest, 1) : NULL;
    }
    if (rest) memcpy(c->rest, line, rest);
    c->rest_size = rest;
}

/* -- the loop */

static void open_one(void) {
    struct client *c = &clients[opened++];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) fail("socket: %s", strerror(errno));
    int yes = 1, small = 4096;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (c->stuck) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
        fail("client %d can't connect: %s", id_of(c), strerror(errno));
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    c->writing = true;
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e);
}

static void turn(int64_t timeout) {
    struct epoll_event events[EVENTS];
    struct timespec wait = {timeout / SECOND, timeout % SECOND};
    int n = epoll_pwait2(epoll, events, EVENTS, timeout > 0 ? &wait : &(struct timespec){0}, NULL);
    now = clock_now();
    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) {
            if (c->state == CONNECTING && !(events[i].events & EPOLLERR)) introduce(c);
            drain(c);
        }
        if (events[i].events & ~EPOLLOUT)
            do receive(c);
            while (has_more(c));
    }
    for (; ready_count; ready_count--) {
        struct client *c = ready[ready_count - 1];
        c->dirty = false;
        int free = window - (int)(c->sent - c->arrived);
        if (talking && free > 0) say(c, free, now);
    }
}

/* Wait until *value* is *wanted*; fail if nothing at all comes for `patience` seconds. */
static void await(const char *what, long *value, long wanted) {
    int64_t seen = -1, since = now;
    while (*value < wanted) {
        turn(SECOND / 10);
        int64_t progress = opened + answered + in + complete + notices + deliveries;
        if (progress != seen) since = now, seen = progress;
        if (now - since > patience * SECOND) fail("%s: %ld of %ld, and then nothing for %g s", what, *value, wanted, patience);
    }
}

static void talk_until(int64_t end) {
    static int64_t turns, first;
    if (!first) first = now;
    long all = rooms * talkers;
    while (now < end) {
        if (!rate) {
            turn(end - now);
            continue;
        }
        int64_t due;
        for (; (due = first + (int64_t)(turns * (SECOND / rate))) <= now && due < end; turns++) {
            long k = turns % all;
            struct client *c = &clients[(k % rooms) * members + (k / rooms) * members / talkers];
            say(c, 1, due);
        }
        turn((due < end ? due : end) - now);
    }
}

static void prepare(void) {
    web = !strcmp(dialect_name, "web");
    if (web) dialect_name = "json";
    for (dialect = TEXT; strcmp(dialect_name, (const char *[]){"text", "json", "irc"}[dialect]);)
        if (++dialect > IRC) fail("there is no dialect %s", dialect_name);
    if (size < HEADER || size > 4000 || window > RING / 2 || talkers > members) fail("that can't be measured");
    count = rooms * members;
    receivers = members - (dialect != JSON) - (stuck > 0);
    quorum = (receivers + 1) / 2;
    clients = reserve(count, sizeof *clients);
    ready = reserve(count, sizeof *ready);
    uint32_t *due = reserve(count * talkers, sizeof *due);
    for (long i = 0; i < count; i++) {
        struct client *c = &clients[i];
        c->room = i / members;
        c->due = due + i * talkers;
        c->talker = -1;
    }
    for (long i = 0; i < rooms * talkers; i++) {
        struct client *c = &clients[(i % rooms) * members + (i / rooms) * members / talkers];
        c->talker = i / rooms;
        if (!rate) c->heard = reserve(RING, sizeof *c->heard);
    }
    if (stuck) clients[members - 1].stuck = true;
}

/* Everybody must have heard all that was said. */
static void check(void) {
    for (struct client *c = clients; c < clients + count; c++)
        for (struct client *t = clients + c->room * members; !c->stuck && t < clients + (c->room + 1) * members; t++)
            if (t->talker >= 0 && c->due[t->talker] != (t == c && dialect != JSON ? 0 : t->sent))
                fail("client %d received %u texts of client %d, who sent %u", id_of(c), c->due[t->talker], id_of(t), t->sent);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        size_t k = 0, known = sizeof settings / sizeof *settings;
        if (!value) fail("%s is not key=value", argv[i]);
        *value++ = 0;
        while (k < known && strcmp(settings[k].key, argv[i])) k++;
        if (k == known) fail("there is no setting %s", argv[i]);
        if (settings[k].number) *settings[k].number = atol(value);
        else if (settings[k].real) *settings[k].real = atof(value);
        else *settings[k].word = value;
    }
    prepare();
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(0);
    begin = now = clock_now();

    long empty_kb = memory_kb("VmRSS");
    while (opened < count) {
        open_one();
        await("connections answered", &answered, opened - ramp + 1);
    }
    await("connections answered", &answered, count);
    int64_t connected = now, cpu_connected = cpu_time();
    for (long i = 0; i < count; i++) come_in(&clients[i]);
    await("clients in their room", &in, count);
    int64_t all_in = now;
    await("clients that know their room", &complete, count);
    int64_t settled = now, cpu_settled = cpu_time();
    long settled_kb = memory_kb("VmRSS");

    int64_t cpu_idle = cpu_time(), until = now + idle * SECOND;
    while (now < until) turn(until - now);
    cpu_idle = cpu_time() - cpu_idle;

    int64_t first = 0, last = 0, cpu = 0, own = 0, delivered = 0;
    if (seconds > 0) {
        talking = true;
        if (stuck) epoll_ctl(epoll, EPOLL_CTL_DEL, clients[members - 1].fd, NULL);
        for (long i = 0; i < count && !rate; i++)
            if (clients[i].talker >= 0) say(&clients[i], window, now);
        talk_until(now + warmup * SECOND);
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        own = t.tv_sec * SECOND + t.tv_nsec;
        cpu = cpu_time();
        first = now, delivered = deliveries;
        measuring = true;
        talk_until(now + seconds * SECOND);
        measuring = talking = false;
        last = now, delivered = deliveries - delivered;
        cpu = cpu_time() - cpu;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        own = t.tv_sec * SECOND + t.tv_nsec - own;
        await("deliveries", &deliveries, sent * receivers);
        check();
    }

    double span = last > first ? (last - first) / 1e9 : 1;
    printf("{\"clients\": %ld, \"connect_s\": %.4f, \"join_s\": %.4f, \"settle_s\": %.4f, \"join_cpu_s\": %.4f, \"notices\": %lld, ",
           count, (connected - begin) / 1e9, (all_in - connected) / 1e9, (settled - connected) / 1e9,
           (cpu_settled - cpu_connected) / 1e9, (long long)notices);
    printf("\"empty_kb\": %ld, \"settled_kb\": %ld, \"peak_kb\": %ld, \"end_kb\": %ld, \"idle_cpu\": %.5f, ", empty_kb,
           settled_kb, memory_kb("VmHWM"), memory_kb("VmRSS"), idle > 0 ? cpu_idle / idle / SECOND : 0);
    printf("\"seconds\": %.3f, \"sent\": %lld, \"deliveries\": %lld, \"rate\": %.1f, \"cpu_us\": %.4f, \"server_core\": %.4f, "
           "\"load_core\": %.4f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n",
           span, (long long)sent, (long long)delivered, delivered / span, delivered ? cpu / 1000.0 / delivered : 0,
           cpu / 1e9 / span, own / 1e9 / span, latency_us(0.5), latency_us(0.99), latency_us(1 - 1e-9));
    return 0;
}
